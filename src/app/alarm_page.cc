// SPDX-License-Identifier: Apache-2.0
#include "app/alarm_page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/time_text.h"
#include "control/query_parameters.h"

namespace daruma::app {

void AlarmPage::handle(const control::AdminRequest& request, control::AdminResponder responder) {
  responder.send(request.method == http::Method::post ? test(request.query) : list());
}

control::AdminResponse AlarmPage::list() const {
  using Json = nlohmann::ordered_json;
  Json alarms = Json::array();
  for (const auto& [name, entry] : desk_.book().entries()) {
    alarms.push_back({{"AlarmName", name},
                      {"AlarmDescription", entry.alarm.description},
                      {"BuiltIn", entry.built_in},
                      {"ActionsEnabled", entry.alarm.actions_enabled},
                      {"StateValue", name_of(entry.standing.state)},
                      {"StateReason", entry.standing.reason},
                      {"StateTransitionedTimestamp", date_and_time(entry.standing.transitioned)}});
  }
  return {.content_type = "application/json",
          .body = Json{{"Alarms", std::move(alarms)}}.dump(2, ' ', false,
                                                           Json::error_handler_t::replace) +
                  "\n"};
}

control::AdminResponse AlarmPage::test(std::string_view query) {
  std::string name;
  for (auto& [key, value] : control::query_parameters(query)) {
    if (key != "name") return {.status = 400, .body = fmt::format("'{}' is not name\n", key)};
    name = std::move(value);
  }
  const Result<void> told = desk_.test(name);
  if (!told) return {.status = 404, .body = told.error().message + "\n"};
  return {.body = fmt::format("{}: everybody is told that this is a test\n", name)};
}

}  // namespace daruma::app
