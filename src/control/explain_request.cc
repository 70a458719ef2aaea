// SPDX-License-Identifier: Apache-2.0
#include "control/explain_request.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "base/bytes.h"
#include "control/query_parameters.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

using model::StoryQuery;
using model::limits::stories_asked_for;

constexpr std::string_view usage =
    "ask for one of trace_id=ID, last_errors=N and target=ADDRESS:PORT; format=text for people";

Result<StoryQuery> errors_query(const std::string& value) {
  const std::optional<uint64_t> number = parse_decimal(value);
  if (!number || *number < uint64_t{stories_asked_for.least} ||
      *number > uint64_t{stories_asked_for.most}) {
    return fail(fmt::format("last_errors is a number from {} to {}", stories_asked_for.least,
                            stories_asked_for.most));
  }
  return StoryQuery{StoryQuery::By::errors, "", static_cast<uint32_t>(*number)};
}

Result<StoryQuery> query_of(std::string_view name, std::string value) {
  constexpr auto most = static_cast<uint32_t>(stories_asked_for.standard);
  if (name == "last_errors") return errors_query(value);
  if (name != "trace_id" && name != "target") return fail(std::string(usage));
  if (value.empty()) return fail(fmt::format("{} is empty; {}", name, usage));
  const auto by = name == "target" ? StoryQuery::By::target : StoryQuery::By::trace_id;
  return StoryQuery{by, std::move(value), most};
}

}  // namespace

Result<ExplainRequest> parse_explain_request(std::string_view query) {
  ExplainRequest request;
  bool asked = false;
  for (auto& [name, value] : query_parameters(query)) {
    if (name == "format") {
      if (value != "text" && value != "json") return fail("format is text or json");
      request.format = value == "text" ? ExplainFormat::text : ExplainFormat::json;
      continue;
    }
    if (asked) return fail(std::string(usage));
    Result<StoryQuery> found = query_of(name, std::move(value));
    if (!found) return fail(std::move(found.error().message));
    request.query = std::move(*found);
    asked = true;
  }
  if (!asked) return fail(std::string(usage));
  return request;
}

}  // namespace daruma::control
