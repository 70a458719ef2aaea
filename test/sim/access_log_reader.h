// SPDX-License-Identifier: Apache-2.0
//
// Reads back an access-log line: the fields that the auditor compares. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/token.h"

namespace daruma::sim {

struct AccessLogLine {
  std::optional<Token> token;  // from the request's path
  int status = 0;
  int target_status = 0;
  std::string target;   // "-" for none
  std::string targets;  // that one, behind those where it was sent before
  std::string target_group;
  std::string action;
  std::string reason;
  int rule_priority = -1;
};

// Nullopt unless the line has the 34 fields of AWS's format.
std::optional<AccessLogLine> parse_access_log_line(std::string_view line);

}  // namespace daruma::sim
