// SPDX-License-Identifier: Apache-2.0
#include "app/notice_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "app/clocks.h"
#include "base/check.h"
#include "io/descriptor.h"

extern char** environ;

namespace daruma::app {
namespace {

constexpr Duration time_limit = 30s;

// A program that runs: its process, as a descriptor that becomes readable when it ends, and its
// standard input.
struct Child {
  pid_t id = 0;
  io::Descriptor process;
  std::optional<io::Descriptor> input;
};

class SpawnSettings {
 public:
  explicit SpawnSettings(int input) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawnattr_init(&attributes);
    // This process blocks signals for its own threads; the program is to be stopped as any other.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t ignored;  // by this process
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &ignored);
    posix_spawnattr_setpgroup(&attributes, 0);  // so that what it starts ends with it
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

class NoticeCommand final : public notify::Way {
 public:
  NoticeCommand(std::string name, std::vector<std::string> command)
      : name_(std::move(name)),
        command_(std::move(command)),
        stopping_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    DARUMA_ASSERT(stopping_.is_open());
  }

  const std::string& name() const override { return name_; }
  void stop() override {
    const uint64_t one = 1;
    static_cast<void>(!write(stopping_.number(), &one, sizeof one));  // full is readable too
  }

  Result<void> deliver(std::span<const alarm::Notice> notices, WallTime) override {
    Result<Child> child = start(alarm::title_of(notices));
    if (!child) return fail(child.error().message);
    std::string text = alarm::list_json(notices) + "\n";
    const std::string problem = feed_and_await(*child, text);
    if (!problem.empty()) ::kill(-child->id, SIGKILL);
    int status = 0;
    while (waitpid(child->id, &status, 0) < 0 && errno == EINTR) {
    }
    if (!problem.empty()) return fail(problem);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return fail(WIFEXITED(status)
                    ? fmt::format("{} exited with {}", command_[0], WEXITSTATUS(status))
                    : fmt::format("{} was ended by signal {}", command_[0], WTERMSIG(status)));
  }

 private:
  Result<Child> start(const std::string& title) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure("make a pipe for");
    const io::Descriptor theirs(ends[0]);
    std::optional<io::Descriptor> ours(ends[1]);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    const SpawnSettings settings(theirs.number());
    std::vector<std::string> arguments = command_;
    std::vector<std::string> environment;
    for (char** each = environ; *each != nullptr; ++each) environment.emplace_back(*each);
    environment.push_back("DARUMA_ALARM_TITLE=" + title);
    pid_t id = 0;
    const int failed = posix_spawnp(&id, command_[0].c_str(), &settings.files, &settings.attributes,
                                    pointers(arguments).data(), pointers(environment).data());
    if (failed != 0)
      return fail(fmt::format("cannot start {}: {}", command_[0], std::strerror(failed)));
    io::Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, id, 0)));
    return Child{id, std::move(process), std::move(ours)};
  }

  tl::unexpected<Error> system_failure(const char* doing) const {
    return fail(fmt::format("cannot {} {}: {}", doing, command_[0], std::strerror(errno)));
  }

  // "" once the program has ended. It need not read.
  std::string feed_and_await(Child& child, std::string_view text) {
    const Instant deadline = system_now() + time_limit;
    if (!child.process.is_open()) return "this system cannot wait for a program";
    for (;;) {
      const Duration left = deadline - system_now();
      if (left <= Duration{}) return fmt::format("{} ran for over 30 s", command_[0]);
      std::array<pollfd, 3> waits{{{child.process.number(), POLLIN, 0},
                                   {stopping_.number(), POLLIN, 0},
                                   {child.input ? child.input->number() : -1, POLLOUT, 0}}};
      if (poll(waits.data(), waits.size(), static_cast<int>(left / 1ms) + 1) < 0) continue;
      if (waits[0].revents != 0) return "";
      if (waits[1].revents != 0) return "this node is stopping";
      if (waits[2].revents == 0) continue;
      const ssize_t written = write(child.input->number(), text.data(), text.size());
      if (written < 0 && errno != EAGAIN) text = {};  // it does not read
      if (written > 0) text.remove_prefix(static_cast<size_t>(written));
      if (text.empty()) child.input.reset();
    }
  }

  const std::string name_;
  const std::vector<std::string> command_;
  const io::Descriptor stopping_;
};

}  // namespace

std::unique_ptr<notify::Way> make_notice_command(const std::string& name,
                                                 const std::vector<std::string>& command) {
  return std::make_unique<NoticeCommand>(name, command);
}

}  // namespace daruma::app
