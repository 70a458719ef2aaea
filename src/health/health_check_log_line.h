// SPDX-License-Identifier: Apache-2.0
//
// One probe in the ALB's health-check log format (AWS user guide, "Health check log entries").
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "health/probe_result.h"
#include "model/target.h"

namespace daruma::health {

struct HealthCheckLogRecord {
  model::Protocol protocol = model::Protocol::http;
  model::ProtocolVersion version = model::ProtocolVersion::http1;
  WallTime time;  // when the result was known
  const ProbeResult& result;
  std::string_view target;         // "127.0.0.2:8443": the port that was probed
  std::string_view target_group;   // its name
  std::string_view load_balancer;  // "app/web/50dc6c495c0c9188"
};

// Replaces `line`, without a line end:
// type time latency target_addr target_group_id status status_code reason_code elb ip_address
void write_health_check_log_line(const HealthCheckLogRecord& record, std::string& line);

}  // namespace daruma::health
