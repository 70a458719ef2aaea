// SPDX-License-Identifier: Apache-2.0
#include "routing/target_set.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace daruma::routing {

TargetSet::Share TargetSet::share_of(model::HealthState state) {
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

TargetSet::TargetSet(size_t targets) : states_(targets, model::HealthState::initial) {
  candidates_.reserve(targets);
  counts_[static_cast<size_t>(share_of(model::HealthState::initial))] = targets;
  best_ = best_share();
  recompute();
}

RoutingMode TargetSet::mode() const {
  switch (best_) {
    case Share::full:
      return RoutingMode::healthy;
    case Share::fail_open:
      return RoutingMode::fail_open;
    case Share::nothing:
      return RoutingMode::none;
  }
  return RoutingMode::none;
}

bool TargetSet::is_candidate(uint32_t target) const {
  DARUMA_ASSERT(target < states_.size());
  return best_ != Share::nothing && share_of(states_[target]) == best_;
}

bool TargetSet::set_health(uint32_t target, model::HealthState state) {
  DARUMA_ASSERT(target < states_.size());
  const Share before = share_of(std::exchange(states_[target], state));
  const Share after = share_of(state);
  if (before == after) return false;
  --counts_[static_cast<size_t>(before)];
  ++counts_[static_cast<size_t>(after)];
  const Share former_best = std::exchange(best_, best_share());
  if (best_ != former_best) {
    recompute();
    return true;
  }
  const auto place = std::ranges::lower_bound(candidates_, target);
  if (is_candidate(target)) {
    candidates_.insert(place, target);
  } else if (before == best_) {
    candidates_.erase(place);
  }
  return false;
}

TargetSet::Share TargetSet::best_share() const {
  for (const Share share : {Share::full, Share::fail_open}) {
    if (counts_[static_cast<size_t>(share)] > 0) return share;
  }
  return Share::nothing;
}

void TargetSet::recompute() {
  candidates_.clear();
  for (uint32_t target = 0; target < states_.size(); ++target) {
    if (is_candidate(target)) candidates_.push_back(target);
  }
}

}  // namespace daruma::routing
