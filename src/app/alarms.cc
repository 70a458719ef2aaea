// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands.h"
#include "app/http_client.h"
#include "http/percent_encoding.h"

namespace daruma::app {
namespace {

constexpr Duration timeout = 10s;

int no_answer(const Error& error) {
  std::fprintf(stderr, "daruma alarms: %s; is a daruma running, with this Admin address?\n",
               error.message.c_str());
  return exit_failed;
}

// The worst first.
void print_list(const nlohmann::json& page) {
  for (const char* state : {"ALARM", "INSUFFICIENT_DATA", "OK"}) {
    for (const auto& alarm : page["Alarms"]) {
      if (alarm["StateValue"] != state) continue;
      std::printf("%-18s %s%s\n", state, alarm["AlarmName"].get<std::string>().c_str(),
                  alarm["ActionsEnabled"] == false ? "  (nobody is told)" : "");
      if (std::string_view(state) == "ALARM")
        std::printf("%-18s   %s\n", "", alarm["StateReason"].get<std::string>().c_str());
    }
  }
}

}  // namespace

int run(const AlarmsCommand& command) {
  if (command.what == AlarmsCommand::What::test) {
    const auto answer =
        post(command.admin, "/alarms/test?name=" + http::percent_encoded(command.name), timeout);
    if (!answer) return no_answer(answer.error());
    std::fputs(answer->body.c_str(), answer->status == 200 ? stdout : stderr);
    return answer->status == 200 ? exit_ok : exit_failed;
  }
  const auto answer = get(command.admin, "/alarms", timeout);
  if (!answer) return no_answer(answer.error());
  const auto page = nlohmann::json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !page.is_object() || !page.contains("Alarms"))
    return no_answer({"its answer is not that of this release"});
  if (command.json) {
    std::fputs(answer->body.c_str(), stdout);
  } else {
    print_list(page);
  }
  return exit_ok;
}

}  // namespace daruma::app
