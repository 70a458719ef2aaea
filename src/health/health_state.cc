// SPDX-License-Identifier: Apache-2.0
#include "health/health_state.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "model/limits.h"

namespace daruma::health {
namespace {

using model::HealthReason;
using model::HealthState;
using model::TargetHealth;

// Counts stop there, so that years of successes do not overflow. No threshold is higher.
constexpr int count_max = 1000;
static_assert(model::limits::healthy_threshold.most <= count_max);
static_assert(model::limits::unhealthy_threshold.most <= count_max);

TargetHealth first_health(Checking checking) {
  switch (checking) {
    case Checking::on:
      return {HealthState::initial, HealthReason::registration_in_progress,
              "Target registration is in progress"};
    case Checking::not_in_use:
      return {HealthState::unused, HealthReason::not_in_use,
              "Target group is not configured to receive traffic from the load balancer"};
    case Checking::disabled:
      return {HealthState::unavailable, HealthReason::health_check_disabled,
              "Health checks are disabled for this target group"};
  }
  return {};
}

TargetHealth unhealthy_because(const ProbeResult& result) {
  TargetHealth health{HealthState::unhealthy, reason_of(result.outcome), "Health checks failed"};
  if (health.reason == HealthReason::timeout) health.description = "Request timed out";
  if (health.reason == HealthReason::response_code_mismatch) {
    health.description += " with these codes: [" + std::to_string(result.status) + "]";
  }
  switch (result.outcome) {
    case ProbeOutcome::body_mismatch:
    case ProbeOutcome::certificate_expired:
    case ProbeOutcome::certificate_untrusted:
    case ProbeOutcome::certificate_wrong_name:
      health.description += ": " + std::string(meaning_of(result.outcome));
      break;
    default:
      break;  // tidy: AWS's words tell the rest
  }
  return health;
}

}  // namespace

bool HealthHistory::set_checking(Checking checking) {
  if (checking == checking_) return false;
  begin(checking);
  return true;
}

bool HealthHistory::set_saturated(bool saturated) {
  saturated_ = saturated;
  return health_.state == HealthState::healthy && become(healthy());
}

TargetHealth HealthHistory::healthy() const {
  return {HealthState::healthy, HealthReason::none,
          saturated_ ? "Saturated: new connections wait while requests are answered" : "",
          saturated_};
}

void HealthHistory::begin(Checking checking) {
  checking_ = checking;
  health_ = first_health(checking);
  successes_ = failures_ = 0;
}

bool HealthHistory::probing_began() {
  if (health_.reason != HealthReason::registration_in_progress) return false;
  return become({HealthState::initial, HealthReason::initial_health_checking,
                 "Initial health checks in progress"});
}

bool HealthHistory::record(const ProbeResult& result, const Thresholds& thresholds) {
  DARUMA_ASSERT(checking_ == Checking::on);
  if (result.outcome == ProbeOutcome::not_made) return false;
  if (result.outcome == ProbeOutcome::passed) return record_success(thresholds);
  return record_failure(result, thresholds.unhealthy);
}

bool HealthHistory::record_success(const Thresholds& thresholds) {
  failures_ = 0;
  successes_ = std::min(successes_ + 1, count_max);
  const int needed = health_.state == HealthState::initial ? 1 : thresholds.healthy;
  if (successes_ < needed) return false;
  if (thresholds.held_out && health_.state == HealthState::unhealthy) return false;
  return become(healthy());
}

bool HealthHistory::record_failure(const ProbeResult& result, int unhealthy_threshold) {
  successes_ = 0;
  failures_ = std::min(failures_ + 1, count_max);
  // One that is unhealthy already always tells its latest reason.
  if (health_.state != HealthState::unhealthy && failures_ < unhealthy_threshold) return false;
  return become(unhealthy_because(result));
}

bool HealthHistory::become(TargetHealth health) {
  if (health == health_) return false;
  health_ = std::move(health);
  return true;
}

}  // namespace daruma::health
