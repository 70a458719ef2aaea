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

#include "model/balancing.h"
#include "model/target.h"

namespace daruma::routing {

enum class RoutingMode : uint8_t {
  healthy,    // candidates are the healthy targets, and those whose health checks are disabled
  fail_open,  // there are too few of those: candidates are all registered targets (AWS: fail open)
  none,       // no registered target, or all are unused or draining: 503
};

class TargetSet {
 public:
  // One entry per target of the group, in the group's order. All begin `initial`: until the first
  // health letter, traffic goes to every target.
  explicit TargetSet(size_t targets) : TargetSet(std::vector<bool>(targets, true), {.count = 1}) {}
  // Those that are not in play (routing/in_play) are never candidates, nor counted. `least`:
  // unhealthy_state_routing; one healthy target at least, whatever it says.
  TargetSet(std::vector<bool> in_play, model::MinimumHealthy least);

  // True: the mode has changed, and with it other targets' place among the candidates. REQUIRES:
  // target < size().
  bool set_health(uint32_t target, model::HealthState state);
  model::HealthState health(uint32_t target) const { return states_[target]; }
  bool in_play(uint32_t target) const { return in_play_[target]; }
  size_t size() const { return states_.size(); }

  RoutingMode mode() const { return mode_; }
  // Indices into the group's targets, ascending. Draining and unused targets are never among them.
  std::span<const uint32_t> candidates() const { return candidates_; }
  bool is_candidate(uint32_t target) const { return takes(share_of(target)); }

 private:
  // What a state lets a target receive.
  enum class Share : uint8_t {
    full,       // a candidate whenever there is traffic
    fail_open,  // only when too few have a full share
    nothing,
  };
  static Share share_of(model::HealthState state);
  Share share_of(uint32_t target) const {
    return in_play_[target] ? share_of(states_[target]) : Share::nothing;
  }
  // By the mode.
  bool takes(Share share) const {
    return share == Share::full || (share == Share::fail_open && mode_ == RoutingMode::fail_open);
  }
  size_t count(Share share) const { return counts_[static_cast<size_t>(share)]; }
  RoutingMode find_mode() const;
  void recompute();

  std::vector<model::HealthState> states_;
  std::vector<bool> in_play_;
  model::MinimumHealthy least_;
  std::array<size_t, 3> counts_{};  // of targets, by share
  std::vector<uint32_t> candidates_;
  RoutingMode mode_ = RoutingMode::none;
};

}  // namespace daruma::routing
