// SPDX-License-Identifier: Apache-2.0
//
// How targets' health has changed since the node started: when, to what and why. The strip that the
// console draws; figures every ten seconds (metric TargetHealthy) would miss what was shorter. Kept
// in memory, bounded. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>

#include "base/time.h"
#include "model/target.h"

namespace daruma::control {

class HealthHistory {
 public:
  static constexpr size_t of_one_target_max = 200;  // changes; then the oldest go
  // Of all; then the oldest go that are not their target's newest, whoever's they are. Where each
  // target has but one, a new target has no history.
  static constexpr size_t changes_max = 50'000;

  struct Change {
    WallTime at{};
    model::TargetHealth health;
    uint64_t number = 0;  // of all changes
  };
  using Changes = std::map<model::TargetKey, std::deque<Change>>;

  HealthHistory() = default;
  HealthHistory(const HealthHistory&) = delete;  // it has iterators of its own
  HealthHistory& operator=(const HealthHistory&) = delete;

  // What is as it was before is no change.
  void note(const model::TargetKey& target, const model::TargetHealth& health, WallTime at);
  void forget_where(const std::function<bool(const model::TargetKey&)>& is_gone);

  // The oldest first.
  const Changes& changes() const { return changes_; }

 private:
  void drop_oldest(Changes::iterator target);

  Changes changes_;
  // Those that others of the same target followed, by their number.
  std::map<uint64_t, Changes::iterator> followed_;
  uint64_t last_number_ = 0;
  size_t count_ = 0;
};

}  // namespace daruma::control
