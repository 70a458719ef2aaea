// SPDX-License-Identifier: Apache-2.0
#include "base/line_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace daruma {

LineOutput::LineOutput(int descriptor) : descriptor_(descriptor) {
  struct stat status;
  if (::fstat(descriptor, &status) != 0) return;
  if (S_ISSOCK(status.st_mode)) kind_ = Kind::socket;
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) return;
  const std::string path = fmt::format("/proc/self/fd/{}", descriptor);
  own_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own_ < 0) return;
  descriptor_ = own_;
  kind_ = Kind::waits_never;
}

LineOutput::~LineOutput() {
  if (own_ >= 0) ::close(own_);
}

void LineOutput::write(std::string_view line) {
  std::string text;
  if (torn_) text += '\n';
  if (lost_ > 0) text += fmt::format("({} lines were lost: nobody was reading)\n", lost_);
  text += line;
  constexpr std::string_view cut = "…\n";
  if (text.size() > PIPE_BUF) text.replace(PIPE_BUF - cut.size(), std::string::npos, cut);
  const size_t taken = try_write(text);
  if (taken == text.size()) {
    torn_ = false;
    lost_ = 0;
  } else {
    torn_ = torn_ || taken > 0;
    ++lost_;
  }
}

size_t LineOutput::try_write(std::string_view text) const {
  ssize_t taken = 0;
  if (kind_ == Kind::socket) {
    // tidy-allow(banned-call): standard error, by number, and it waits for nobody.
    taken = ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } else {
    pollfd asked{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    const bool takes =
        kind_ == Kind::waits_never || (::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0);
    if (takes) taken = ::write(descriptor_, text.data(), text.size());
  }
  return taken > 0 ? static_cast<size_t>(taken) : 0;
}

}  // namespace daruma
