// SPDX-License-Identifier: Apache-2.0
#include "health/probe_result.h"

#include <array>

namespace daruma::health {
namespace {

struct Row {
  model::HealthReason reason;
  std::string_view log_reason;
};
constexpr std::array<Row, probe_outcome_count> rows{{
#define X(name, reason, log_reason, meaning) {model::HealthReason::reason, log_reason},
    DARUMA_PROBE_OUTCOMES(X)
#undef X
}};

const Row& row_of(ProbeOutcome outcome) {
  return rows[static_cast<size_t>(outcome)];
}

}  // namespace

model::HealthReason reason_of(ProbeOutcome outcome) {
  return row_of(outcome).reason;
}

std::string_view log_reason_of(const ProbeResult& result) {
  const bool server_error = result.status >= 500 && result.status <= 599;
  if (result.outcome == ProbeOutcome::code_mismatch && server_error) return "TargetError";
  return row_of(result.outcome).log_reason;
}

}  // namespace daruma::health
