// SPDX-License-Identifier: Apache-2.0
//
// What one worker knows of one target group's targets: which may be asked now. Recomputed on a
// letter, not per request. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/target.h"

namespace daruma::routing {

enum class RoutingMode : uint8_t {
  healthy,    // candidates are the healthy targets, and those whose health checks are disabled
  fail_open,  // there is none of those: candidates are all registered targets (AWS: fail open)
  none,       // no registered target, or all are unused or draining: 503
};

class TargetSet {
 public:
  // One entry per target of the group, in the group's order. All begin `initial`: until the first
  // health letter, traffic goes to every target.
  explicit TargetSet(size_t targets);

  // Setting the state that it has already costs nothing. REQUIRES: target < size().
  void set_health(uint32_t target, model::HealthState state);
  model::HealthState health(uint32_t target) const { return states_[target]; }
  size_t size() const { return states_.size(); }
  // Targets in state `healthy`; those whose health checks are disabled do not count.
  size_t healthy_count() const { return healthy_count_; }

  RoutingMode mode() const { return mode_; }
  // Indices into the group's targets. Draining and unused targets are never among them.
  std::span<const uint32_t> candidates() const { return candidates_; }

 private:
  void recompute();
  std::vector<model::HealthState> states_;
  std::vector<uint32_t> candidates_;
  size_t healthy_count_ = 0;
  RoutingMode mode_ = RoutingMode::none;
};

}  // namespace daruma::routing
