// SPDX-License-Identifier: Apache-2.0
//
// What a log file is called, and where it goes when it is complete: AWS's names of the objects that
// an Application Load Balancer leaves in S3 (user guide, "Access log files", "Connection log
// files", "Health check log files"). Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/snapshot.h"

namespace daruma::telemetry {

enum class LogKind : uint8_t { access, connection, health_check };

struct LogFileKey {
  std::string name;         // "access_log_app.web.50dc6c495c0c9188": its file is <name>.log
  std::string bucket = {};  // that it goes to; "": it stays in the directory of logs
  std::string prefix = {};  // within the bucket; without '/' at either end
  auto operator<=>(const LogFileKey&) const = default;
};

LogFileKey log_file_key(LogKind kind, const model::LoadBalancer& balancer);
// Nullopt if the name is none that log_file_key() gives.
std::optional<LogKind> log_kind_of(std::string_view name);

// What all names of this node's objects have in common.
struct LogOrigin {
  std::string account_id = "000000000000";
  std::string region = "us-east-1";
  std::string node_ip = "127.0.0.1";
};

// "[prefix/]AWSLogs/{account}/elasticloadbalancing/{region}/yyyy/mm/dd/[conn_log_]{account}_
// elasticloadbalancing_{region}_app.{name}.{id}_{end}_{ip}_{random}.log", without ".gz". `end` is
// the interval's; `salt` makes names differ that would else be equal.
std::string log_object_key(const LogFileKey& key, const LogOrigin& origin, WallTime end,
                           uint64_t salt);

}  // namespace daruma::telemetry
