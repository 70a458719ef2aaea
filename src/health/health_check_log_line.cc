// SPDX-License-Identifier: Apache-2.0
#include "health/health_check_log_line.h"

#include <fmt/format.h>

#include <iterator>

#include "base/time_text.h"

namespace daruma::health {

namespace {

std::string_view type_of(const HealthCheckLogRecord& record) {
  switch (record.version) {
    case model::ProtocolVersion::grpc:
      return "grpc";
    case model::ProtocolVersion::http2:
      return "h2";
    case model::ProtocolVersion::http1:
      break;
  }
  return record.protocol == model::Protocol::https ? "https" : "http";
}

}  // namespace

void write_health_check_log_line(const HealthCheckLogRecord& record, std::string& line) {
  const ProbeResult& result = record.result;
  line.clear();
  fmt::format_to(std::back_inserter(line), "{} {} {:.9f} {} {} {} {} {} {} {}", type_of(record),
                 date_and_time(record.time), seconds_of(result.latency), record.target,
                 record.target_group, result.outcome == ProbeOutcome::passed ? "PASS" : "FAIL",
                 result.status == 0 ? "-" : std::to_string(result.status), log_reason_of(result),
                 record.load_balancer, result.local.port() == 0 ? "-" : result.local.ip());
}

}  // namespace daruma::health
