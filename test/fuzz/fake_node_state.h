// SPDX-License-Identifier: Apache-2.0
//
// A node of which nothing is known, for fuzz programs that call the API's operations.
#pragma once

#include <string>

#include "api/call.h"

namespace daruma::fuzz {

class FakeNodeState final : public api::NodeState {
 public:
  bool serves_everywhere(const api::shapes::LoadBalancer&) const override { return true; }
  std::string problem_of(const api::shapes::LoadBalancer&) const override { return ""; }
  model::AnomalyLetter anomaly(const model::TargetKey&) const override { return {}; }
  bool shifted_away(const model::TargetKey&) const override { return false; }
  const control::Controller::TargetHealthTable& target_health() const override { return health_; }
  const control::Controller::DrainingTable& draining_targets() const override { return draining_; }
  std::string started() const override { return "2026-01-01T00:00:00Z"; }
  std::string now() const override { return "2026-01-01T00:00:00Z"; }
  WallTime wall_now() const override { return {}; }
  std::string location_of(const api::LinkedContent&) const override { return "http://127.0.0.1/"; }

 private:
  control::Controller::TargetHealthTable health_;
  control::Controller::DrainingTable draining_;
};

}  // namespace daruma::fuzz
