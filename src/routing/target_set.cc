// SPDX-License-Identifier: Apache-2.0
#include "routing/target_set.h"

#include <algorithm>

#include "base/check.h"

namespace daruma::routing {
namespace {

// What a state lets a target receive.
enum class Share : uint8_t {
  full,       // a candidate whenever there is traffic
  fail_open,  // only when nobody has a full share
  nothing,
};

Share share_of(model::HealthState state) {
  switch (state) {
    case model::HealthState::healthy:
    case model::HealthState::unavailable:  // nobody checks it, so nobody may hold it back
      return Share::full;
    case model::HealthState::initial:
    case model::HealthState::unhealthy:
      return Share::fail_open;
    case model::HealthState::unused:
    case model::HealthState::draining:
      return Share::nothing;
  }
  return Share::nothing;
}

}  // namespace

TargetSet::TargetSet(size_t targets) : states_(targets, model::HealthState::initial) {
  candidates_.reserve(targets);
  recompute();
}

void TargetSet::set_health(uint32_t target, model::HealthState state) {
  DARUMA_ASSERT(target < states_.size());
  if (states_[target] == state) return;
  states_[target] = state;
  recompute();
}

void TargetSet::recompute() {
  healthy_count_ = 0;
  Share best = Share::nothing;
  for (const model::HealthState state : states_) {
    if (state == model::HealthState::healthy) ++healthy_count_;
    best = std::min(best, share_of(state));
  }
  candidates_.clear();
  if (best != Share::nothing) {
    for (uint32_t target = 0; target < states_.size(); ++target) {
      if (share_of(states_[target]) == best) candidates_.push_back(target);
    }
  }
  switch (best) {
    case Share::full:
      mode_ = RoutingMode::healthy;
      break;
    case Share::fail_open:
      mode_ = RoutingMode::fail_open;
      break;
    case Share::nothing:
      mode_ = RoutingMode::none;
      break;
  }
}

}  // namespace daruma::routing
