// SPDX-License-Identifier: Apache-2.0
#include "base/line_output.h"

#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <string>

namespace daruma {

void LineOutput::write(std::string_view line) {
  std::string text;
  if (lost_ > 0) text = fmt::format("({} lines were lost: nobody was reading)\n", lost_);
  text += line;
  constexpr std::string_view cut = "…\n";
  if (text.size() > PIPE_BUF) text.replace(PIPE_BUF - cut.size(), std::string::npos, cut);
  lost_ = try_write(text) ? 0 : lost_ + 1;
}

bool LineOutput::try_write(std::string_view text) const {
  pollfd asked{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  if (::poll(&asked, 1, 0) != 1 || (asked.revents & POLLOUT) == 0) return false;
  return ::write(descriptor_, text.data(), text.size()) > 0;
}

}  // namespace daruma
