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
  // unhealthy_state_routing; one healthy target at least, whatever it says. Nor are those of the
  // zone that traffic was shifted away from, while enough others are healthy, or not checked yet: a
  // group does not fail open because of a shift, which has no effect then (AWS: zonal shift).
  TargetSet(std::vector<bool> in_play, model::MinimumHealthy least,
            std::vector<bool> of_shifted_zone = {});

  // True: the mode has changed, or what becomes of the shift, and with it other targets' place
  // among the candidates. REQUIRES: target < size().
  bool set_health(uint32_t target, model::HealthState state);
  model::HealthState health(uint32_t target) const { return states_[target]; }
  bool in_play(uint32_t target) const { return in_play_[target] && !shifted_away(target); }
  bool shifted_away(uint32_t target) const { return shift_holds_ && of_shifted_zone(target); }
  size_t size() const { return states_.size(); }

  RoutingMode mode() const { return mode_; }
  // Too few are healthy, though it may be that some are only not checked yet.
  bool undecided() const { return undecided_; }
  // Indices into the group's targets, ascending. Draining and unused targets are never among them.
  std::span<const uint32_t> candidates() const { return candidates_; }
  bool is_candidate(uint32_t target) const { return takes(share_of(target)); }

 private:
  // What a state lets a target receive.
  enum class Share : uint8_t {
    full,       // a candidate whenever there is traffic
    fail_open,  // only when too few have a full share
    unchecked,  // the same; it may yet be healthy
    nothing,
  };
  // Of targets, by share.
  struct Counts {
    std::array<size_t, 4> of{};
    size_t& operator[](Share share) { return of[static_cast<size_t>(share)]; }
    size_t operator[](Share share) const { return of[static_cast<size_t>(share)]; }
    size_t registered() const;
  };
  static Share share_of(model::HealthState state);
  Share share_of(uint32_t target) const {
    return in_play(target) ? share_of(states_[target]) : Share::nothing;
  }
  // By the mode.
  bool takes(Share share) const {
    return share == Share::full || (share != Share::nothing && mode_ == RoutingMode::fail_open);
  }
  bool of_shifted_zone(uint32_t target) const {
    return !of_shifted_zone_.empty() && of_shifted_zone_[target];
  }
  void count(uint32_t target, int change);
  void find_mode();
  void recompute();

  std::vector<model::HealthState> states_;
  std::vector<bool> in_play_;
  model::MinimumHealthy least_;
  std::vector<bool> of_shifted_zone_;  // empty: of none
  bool shift_holds_ = false;
  Counts kept_;     // of those in play
  Counts shifted_;  // the same, of that zone
  std::vector<uint32_t> candidates_;
  RoutingMode mode_ = RoutingMode::none;
  bool undecided_ = false;
};

}  // namespace daruma::routing
