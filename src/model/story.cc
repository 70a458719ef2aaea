// SPDX-License-Identifier: Apache-2.0
#include "model/story.h"

namespace daruma::model {

std::string_view name_of(Candidate::Standing standing) {
  switch (standing) {
    case Candidate::Standing::available:
      return "available";
    case Candidate::Standing::not_healthy:
      return "not_healthy";
    case Candidate::Standing::failing:
      return "failing";
    case Candidate::Standing::full:
      return "full";
    case Candidate::Standing::deregistered:
      return "deregistered";
  }
  return "";
}

std::string_view name_of(Attempt::Connection connection) {
  switch (connection) {
    case Attempt::Connection::none:
      return "none";
    case Attempt::Connection::opened:
      return "opened";
    case Attempt::Connection::reused:
      return "reused";
  }
  return "";
}

bool names_trace(std::string_view trace_id, std::string_view asked) {
  if (asked.empty()) return false;
  if (trace_id == asked) return true;
  while (!trace_id.empty()) {
    const size_t end = trace_id.find(';');
    std::string_view part = trace_id.substr(0, end);
    trace_id.remove_prefix(end == std::string_view::npos ? trace_id.size() : end + 1);
    if (part == asked) return true;
    if (!part.starts_with("Root=") && !part.starts_with("Self=")) continue;
    part.remove_prefix(5);
    if (part == asked) return true;
  }
  return false;
}

}  // namespace daruma::model
