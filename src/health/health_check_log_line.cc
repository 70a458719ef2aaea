// SPDX-License-Identifier: Apache-2.0
#include "health/health_check_log_line.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

namespace daruma::health {
namespace {

std::string iso_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace

void write_health_check_log_line(const HealthCheckLogRecord& record, std::string& line) {
  const ProbeResult& result = record.result;
  line.clear();
  fmt::format_to(std::back_inserter(line), "{} {} {:.9f} {} {} {} {} {} {} {}",
                 record.protocol == model::Protocol::https ? "https" : "http",
                 iso_time(record.time), seconds_of(result.latency), record.target,
                 record.target_group, result.outcome == ProbeOutcome::passed ? "PASS" : "FAIL",
                 result.status == 0 ? "-" : std::to_string(result.status), log_reason_of(result),
                 record.load_balancer, result.local.port() == 0 ? "-" : result.local.ip());
}

}  // namespace daruma::health
