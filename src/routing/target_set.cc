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
    case model::HealthState::unhealthy:
      return Share::fail_open;
    case model::HealthState::initial:
      return Share::unchecked;
    case model::HealthState::unused:
    case model::HealthState::draining:
      return Share::nothing;
  }
  return Share::nothing;
}

TargetSet::TargetSet(std::vector<bool> in_play, model::MinimumHealthy least,
                     std::vector<bool> of_shifted_zone)
    : states_(in_play.size(), model::HealthState::initial),
      in_play_(std::move(in_play)),
      least_(least),
      of_shifted_zone_(std::move(of_shifted_zone)) {
  DARUMA_ASSERT(of_shifted_zone_.empty() || of_shifted_zone_.size() == states_.size());
  candidates_.reserve(states_.size());
  for (uint32_t target = 0; target < states_.size(); ++target) count(target, 1);
  find_mode();
  recompute();
}

bool TargetSet::set_health(uint32_t target, model::HealthState state) {
  DARUMA_ASSERT(target < states_.size());
  if (share_of(states_[target]) == share_of(state)) {
    states_[target] = state;
    return false;
  }
  const bool was_candidate = is_candidate(target);
  const RoutingMode former_mode = mode_;
  const bool held = shift_holds_;
  count(target, -1);
  states_[target] = state;
  count(target, 1);
  find_mode();
  if (mode_ != former_mode || shift_holds_ != held) {
    recompute();
    return true;
  }
  if (is_candidate(target) == was_candidate) return false;
  const auto place = std::ranges::lower_bound(candidates_, target);
  if (was_candidate) {
    candidates_.erase(place);
  } else {
    candidates_.insert(place, target);
  }
  return false;
}

void TargetSet::count(uint32_t target, int change) {
  if (!in_play_[target]) return;
  Counts& counts = of_shifted_zone(target) ? shifted_ : kept_;
  counts[share_of(states_[target])] += static_cast<size_t>(change);
}

size_t TargetSet::Counts::registered() const {
  return (*this)[Share::full] + (*this)[Share::fail_open] + (*this)[Share::unchecked];
}

void TargetSet::find_mode() {
  const auto enough = [this](size_t healthy, size_t registered) {
    return healthy > 0 && least_.met_by(healthy, registered);
  };
  size_t healthy = kept_[Share::full];
  size_t unchecked = kept_[Share::unchecked];
  size_t registered = kept_.registered();
  shift_holds_ = shifted_.registered() > 0 && enough(healthy + unchecked, registered);
  if (!shift_holds_) {
    healthy += shifted_[Share::full];
    unchecked += shifted_[Share::unchecked];
    registered += shifted_.registered();
  }
  mode_ = registered == 0               ? RoutingMode::none
          : enough(healthy, registered) ? RoutingMode::healthy
                                        : RoutingMode::fail_open;
  undecided_ = mode_ == RoutingMode::fail_open && enough(healthy + unchecked, registered);
}

void TargetSet::recompute() {
  candidates_.clear();
  for (uint32_t target = 0; target < states_.size(); ++target) {
    if (is_candidate(target)) candidates_.push_back(target);
  }
}

}  // namespace daruma::routing
