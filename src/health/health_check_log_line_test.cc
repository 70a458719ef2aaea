// SPDX-License-Identifier: Apache-2.0
#include "health/health_check_log_line.h"

#include <gtest/gtest.h>

#include <chrono>

namespace daruma::health {
namespace {

std::string line_of(const ProbeResult& result, model::Protocol protocol) {
  // 2025-10-31T12:44:58.901409Z
  const WallTime time{std::chrono::microseconds(1'761'914'698'901'409)};
  std::string line = "what was there before";
  write_health_check_log_line({.protocol = protocol,
                               .time = time,
                               .result = result,
                               .target = "172.31.31.9:80",
                               .target_group = "apache",
                               .load_balancer = "app/web/50dc6c495c0c9188"},
                              line);
  return line;
}

TEST(HealthCheckLogLine, a_probe_that_passed) {
  ProbeResult result;
  result.outcome = ProbeOutcome::passed;
  result.status = 200;
  result.latency = 1'121'980'746ns;
  result.local = *Address::parse("10.0.0.7", 40'000);
  EXPECT_EQ(line_of(result, model::Protocol::http),
            "http 2025-10-31T12:44:58.901409Z 1.121980746 172.31.31.9:80 apache PASS 200 - "
            "app/web/50dc6c495c0c9188 10.0.0.7");
}

TEST(HealthCheckLogLine, probes_that_failed) {
  struct Row {
    ProbeOutcome outcome;
    int status;
    const char* fields;
  };
  const Row rows[] = {
      {ProbeOutcome::code_mismatch, 404, "FAIL 404 ResponseCodeMismatch"},
      {ProbeOutcome::code_mismatch, 502, "FAIL 502 TargetError"},
      {ProbeOutcome::code_mismatch, 599, "FAIL 599 TargetError"},
      {ProbeOutcome::connect_refused, 0, "FAIL - ConnectionReset"},
      {ProbeOutcome::connect_timeout, 0, "FAIL - TimedOut"},
      {ProbeOutcome::tls_timeout, 0, "FAIL - TimedOut"},
      {ProbeOutcome::response_timeout, 0, "FAIL - TimedOut"},
      {ProbeOutcome::response_reset, 0, "FAIL - ConnectionReset"},
      {ProbeOutcome::not_made, 0, "FAIL - InternalError"},
  };
  for (const Row& row : rows) {
    ProbeResult result;
    result.outcome = row.outcome;
    result.status = row.status;
    result.latency = 5ms;
    EXPECT_EQ(line_of(result, model::Protocol::https),
              "https 2025-10-31T12:44:58.901409Z 0.005000000 172.31.31.9:80 apache " +
                  std::string(row.fields) + " app/web/50dc6c495c0c9188 -");
  }
}

}  // namespace
}  // namespace daruma::health
