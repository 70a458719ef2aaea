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

TargetSet::TargetSet(std::vector<bool> in_play, model::MinimumHealthy least)
    : states_(in_play.size(), model::HealthState::initial),
      in_play_(std::move(in_play)),
      least_(least) {
  candidates_.reserve(states_.size());
  for (uint32_t target = 0; target < states_.size(); ++target)
    ++counts_[static_cast<size_t>(share_of(target))];
  mode_ = find_mode();
  recompute();
}

bool TargetSet::set_health(uint32_t target, model::HealthState state) {
  DARUMA_ASSERT(target < states_.size());
  const Share before = share_of(target);
  states_[target] = state;
  const Share after = share_of(target);
  if (before == after) return false;
  const bool was_candidate = takes(before);
  --counts_[static_cast<size_t>(before)];
  ++counts_[static_cast<size_t>(after)];
  const RoutingMode former_mode = std::exchange(mode_, find_mode());
  if (mode_ != former_mode) {
    recompute();
    return true;
  }
  if (takes(after) == was_candidate) return false;
  const auto place = std::ranges::lower_bound(candidates_, target);
  if (was_candidate) {
    candidates_.erase(place);
  } else {
    candidates_.insert(place, target);
  }
  return false;
}

RoutingMode TargetSet::find_mode() const {
  const size_t healthy = count(Share::full);
  const size_t registered = healthy + count(Share::fail_open);
  if (registered == 0) return RoutingMode::none;
  const bool enough = healthy > 0 && least_.met_by(healthy, registered);
  return enough ? RoutingMode::healthy : RoutingMode::fail_open;
}

void TargetSet::recompute() {
  candidates_.clear();
  for (uint32_t target = 0; target < states_.size(); ++target) {
    if (is_candidate(target)) candidates_.push_back(target);
  }
}

}  // namespace daruma::routing
