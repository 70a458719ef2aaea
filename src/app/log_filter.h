// SPDX-License-Identifier: Apache-2.0
//
// Which lines of an access log somebody wants to see. Lines may have any format of
// telemetry/log_format. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/glob.h"

namespace daruma::app {

// What was asked for, as typed; "" is anything. All of it must hold.
struct LogQuestion {
  std::string status = {};         // "502", "5xx"
  std::string reason = {};         // "target_connect_timeout"
  std::string host = {};           // with * and ?; letters of either case
  std::string path = {};           // with * and ?; without the query
  std::string target = {};         // "127.0.0.2:8443", of any attempt
  std::string load_balancer = {};  // by name
};

// What is wrong with the question, or "".
std::string problem_of(const LogQuestion& question);

class LogFilter {
 public:
  // REQUIRES: problem_of(question) is "".
  explicit LogFilter(const LogQuestion& question);
  bool wants(std::string_view line);

 private:
  std::string_view field(std::string_view name) const;
  void read(std::string_view line);
  bool wants_request() const;

  const LogQuestion question_;
  const bool everything_;
  std::optional<routing::Glob> host_;
  std::optional<routing::Glob> path_;
  std::vector<std::string> fields_;  // of the line, in the ALB's order; "-" for what there is not
};

}  // namespace daruma::app
