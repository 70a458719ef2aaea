// SPDX-License-Identifier: Apache-2.0
//
// What one worker knows of one target group's targets: which may be asked now. Changed by a letter,
// not per request; all of it only where the mode changes. Pure.
#pragma once

#include <array>
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

  // True: the mode has changed, and with it other targets' place among the candidates. REQUIRES:
  // target < size().
  bool set_health(uint32_t target, model::HealthState state);
  model::HealthState health(uint32_t target) const { return states_[target]; }
  size_t size() const { return states_.size(); }

  RoutingMode mode() const;
  // Indices into the group's targets, ascending. Draining and unused targets are never among them.
  std::span<const uint32_t> candidates() const { return candidates_; }
  bool is_candidate(uint32_t target) const;

 private:
  // What a state lets a target receive.
  enum class Share : uint8_t {
    full,       // a candidate whenever there is traffic
    fail_open,  // only when nobody has a full share
    nothing,
  };
  static Share share_of(model::HealthState state);
  Share best_share() const;
  void recompute();

  std::vector<model::HealthState> states_;
  std::array<size_t, 3> counts_{};  // of targets, by share
  std::vector<uint32_t> candidates_;
  Share best_ = Share::nothing;  // the candidates' share
};

}  // namespace daruma::routing
