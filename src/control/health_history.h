// SPDX-License-Identifier: Apache-2.0
//
// How targets' health has changed since the node started: when, to what and why. The strip that the
// console draws; figures every ten seconds (metric TargetHealthy) would miss what was shorter. Kept
// in memory, bounded. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>

#include "base/time.h"
#include "model/target.h"

namespace daruma::control {

class HealthHistory {
 public:
  static constexpr size_t of_one_target_max = 200;  // changes; then the oldest go
  static constexpr size_t changes_max = 50'000;     // of all

  struct Change {
    WallTime at{};
    model::TargetHealth health;
  };
  using Changes = std::map<model::TargetKey, std::deque<Change>>;

  // What is as it was before is no change.
  void note(const model::TargetKey& target, const model::TargetHealth& health, WallTime at);
  void forget_where(const std::function<bool(const model::TargetKey&)>& is_gone);

  // The oldest first.
  const Changes& changes() const { return changes_; }

 private:
  Changes changes_;
  size_t count_ = 0;
};

}  // namespace daruma::control
