// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>
#include <string_view>

#include "app/commands.h"
#include "app/http_client.h"
#include "http/percent_encoding.h"

namespace daruma::app {
namespace {

// Workers have one second to answer.
constexpr Duration timeout = 10s;

std::string path_of(const ExplainCommand& command) {
  std::string path = "/explain?";
  if (!command.trace_id.empty()) path += "trace_id=" + http::percent_encoded(command.trace_id);
  if (!command.target.empty()) path += "target=" + http::percent_encoded(command.target);
  if (command.last_errors > 0) path += "last_errors=" + std::to_string(command.last_errors);
  return path + (command.json ? "" : "&format=text");
}

// The answer to a question about what has happened.
int show(const Address& admin, const std::string& path, const char* command) {
  const auto answer = get(admin, path, timeout);
  if (!answer) {
    std::fprintf(stderr, "daruma %s: %s; is a daruma running, with this Admin address?\n", command,
                 answer.error().message.c_str());
    return exit_failed;
  }
  const bool found = answer->status == 200;
  const bool for_people = path.ends_with("format=text");
  std::fputs(answer->body.c_str(), found || !for_people ? stdout : stderr);
  return found ? exit_ok : exit_failed;
}

}  // namespace

int run(const ExplainCommand& command) {
  return show(command.admin, path_of(command), "explain");
}

int run(const ZonalShiftCommand& command) {
  using What = ZonalShiftCommand::What;
  if (command.what == What::list) return show(command.admin, "/zonal-shifts", "zonal-shift");
  std::string path = "/zonal-shifts/";
  path += command.what == What::start    ? "start"
          : command.what == What::extend ? "extend"
                                         : "cancel";
  path += "?load_balancer=" + http::percent_encoded(command.load_balancer);
  if (!command.zone.empty()) path += "&zone=" + http::percent_encoded(command.zone);
  if (!command.expires.empty()) path += "&expires=" + http::percent_encoded(command.expires);
  if (!command.comment.empty()) path += "&comment=" + http::percent_encoded(command.comment);
  const auto answer = post(command.admin, path, timeout);
  if (!answer) {
    std::fprintf(stderr, "daruma zonal-shift: %s; is a daruma running, with this Admin address?\n",
                 answer.error().message.c_str());
    return exit_failed;
  }
  const bool granted = answer->status == 200;
  std::fputs(answer->body.c_str(), granted ? stdout : stderr);
  return granted ? exit_ok : exit_failed;
}

int run(const AdviseCommand& command) {
  return show(command.admin, command.json ? "/advice" : "/advice?format=text", "advise");
}

}  // namespace daruma::app
