// SPDX-License-Identifier: Apache-2.0
//
// `daruma top`: asks GET /live once a second and draws.
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <utility>

#include "app/clocks.h"
#include "app/commands.h"
#include "app/http_client.h"
#include "app/top_frame.h"
#include "base/time_text.h"

namespace daruma::app {
namespace {

constexpr Duration first_timeout = 10s;
constexpr Duration next_timeout = 2s;  // while something is shown
constexpr Duration ask_every = 1s;
constexpr Duration silent_least = 3s;  // then it is told
constexpr int look_ms = 200;           // at the keys, and for the answer

// The whole screen, keys as they are pressed; as it was before when it ends.
class Screen {
 public:
  Screen() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios keys = before_;
    // Ctrl-C is a key too, so that the screen is always put back.
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    std::fputs("\x1b[?1049h\x1b[?25l", stdout);
  }
  ~Screen() {
    std::fputs("\x1b[?25h\x1b[?1049l", stdout);
    std::fflush(stdout);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Over what was there, so that nothing flickers.
  static void show(const std::string& frame) {
    std::string out = "\x1b[H";
    for (const char c : frame) {
      if (c == '\n') out += "\x1b[K";
      out += c;
    }
    out += "\x1b[J";
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
  }
  // True: the user wants to leave.
  static bool wait() {
    pollfd keys{STDIN_FILENO, POLLIN, 0};
    if (::poll(&keys, 1, look_ms) <= 0) return false;
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) != 1) return true;
    constexpr char ctrl_c = 3;
    return key == 'q' || key == 'Q' || key == ctrl_c;
  }

 private:
  termios before_{};
};

FrameOptions options_of(bool colors) {
  FrameOptions options;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    options.columns = size.ws_col;
    options.rows = size.ws_row > 1 ? size.ws_row - 1u : 0;
  }
  options.colors = colors;
  options.clock = date_and_time(system_wall_now()).substr(11, 8) + " UTC";
  return options;
}

Result<std::string> frame_of(const TopCommand& command, const FrameOptions& options,
                             Duration patience) {
  const auto answer = get(command.admin, "/live", patience);
  if (!answer) {
    return fail(answer.error().message + "; is a daruma running, with this Admin address?");
  }
  if (answer->status != 200) return fail("it says: " + answer->body);
  auto frame = top_frame(answer->body, options);
  if (!frame) return fail("its answer is not that of this release");
  return std::move(*frame);
}

int fail_with(const Error& error) {
  std::fprintf(stderr, "daruma top: %s\n", error.message.c_str());
  return exit_failed;
}

int run_once(const TopCommand& command) {
  FrameOptions options = options_of(false);
  options.rows = 0;
  const auto frame = frame_of(command, options, first_timeout);
  if (!frame) return fail_with(frame.error());
  std::fputs(frame->c_str(), stdout);
  return exit_ok;
}

// What is on the screen. Another thread asks, so that keys count while a node does not answer.
class Watch {
 public:
  Watch(const TopCommand& command, bool colors, std::string frame)
      : command_(command), colors_(colors), frame_(std::move(frame)), heard_(system_now()) {}

  // Asks if it is time to, and takes the answer if it is there.
  void go_on() {
    const Instant now = system_now();
    if (!answer_.valid()) {
      if (now < asked_ + ask_every) return;
      asked_ = now;
      answer_ = std::async(std::launch::async, [command = command_, options = options_of(colors_)] {
        return frame_of(command, options, next_timeout);
      });
      return;
    }
    if (answer_.wait_for(0s) != std::future_status::ready) return;
    Result<std::string> frame = answer_.get();
    if (!frame) {
      problem_ = frame.error().message;
      return;
    }
    frame_ = std::move(*frame);
    problem_.clear();
    heard_ = system_now();
  }
  // A node that restarts is there again soon: what it said last stays.
  std::string text() const {
    const Duration silent = system_now() - heard_;
    if (silent < silent_least) return frame_;
    std::string line =
        fmt::format("no answer for {} s (q leaves): this is old",
                    std::chrono::duration_cast<std::chrono::seconds>(silent).count());
    if (!problem_.empty()) line += "; " + problem_;
    return line.substr(0, options_of(false).columns) + "\n" + frame_;
  }

 private:
  const TopCommand& command_;
  const bool colors_;
  std::string frame_;
  std::string problem_;  // of the last answer; "" if it was one
  Instant heard_;
  Instant asked_{};
  std::future<Result<std::string>> answer_;
};

}  // namespace

int run(const TopCommand& command) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  if (command.once || !terminal) return run_once(command);
  const bool colors = std::getenv("NO_COLOR") == nullptr;
  auto frame = frame_of(command, options_of(colors), first_timeout);
  if (!frame) return fail_with(frame.error());
  Watch watch(command, colors, std::move(*frame));
  Screen screen;  // is put back before a last answer is waited for
  std::string shown;
  do {
    watch.go_on();
    std::string text = watch.text();
    if (text != shown) Screen::show(text);
    shown = std::move(text);
  } while (!Screen::wait());
  return exit_ok;
}

}  // namespace daruma::app
