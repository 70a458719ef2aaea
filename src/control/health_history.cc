// SPDX-License-Identifier: Apache-2.0
#include "control/health_history.h"

#include <algorithm>
#include <vector>

namespace daruma::control {
namespace {

// Many, so that a whole fleet that changes at once does not look for the oldest at each change.
constexpr size_t dropped_at_once = HealthHistory::changes_max / 10;

// Those that are not their target's newest, the oldest of all first. How many that were.
size_t drop_oldest(HealthHistory::Changes& changes) {
  std::vector<WallTime> times;
  for (const auto& [target, its] : changes) {
    for (size_t i = 0; i + 1 < its.size(); ++i) times.push_back(its[i].at);
  }
  if (times.empty()) return 0;
  const size_t wanted = std::min(dropped_at_once, times.size());
  const auto last = times.begin() + static_cast<std::ptrdiff_t>(wanted) - 1;
  std::ranges::nth_element(times, last);
  size_t dropped = 0;
  for (auto& [target, its] : changes) {
    for (; its.size() > 1 && its.front().at <= *last && dropped < wanted; ++dropped)
      its.pop_front();
  }
  return dropped;
}

}  // namespace

// Where all together are too many, the oldest go, whoever's they are; where each target has but one
// change, a new target has no history.
void HealthHistory::note(const model::TargetKey& target, const model::TargetHealth& health,
                         WallTime at) {
  const auto known = changes_.find(target);
  if (known == changes_.end()) {
    if (count_ == changes_max) count_ -= drop_oldest(changes_);
    if (count_ == changes_max) return;
    changes_[target].push_back({at, health});
    ++count_;
    return;
  }
  std::deque<Change>& its = known->second;
  if (its.back().health == health) return;
  its.push_back({at, health});
  ++count_;
  if (its.size() > of_one_target_max) {
    its.pop_front();
    --count_;
  }
  if (count_ > changes_max) count_ -= drop_oldest(changes_);
}

void HealthHistory::forget_where(const std::function<bool(const model::TargetKey&)>& is_gone) {
  std::erase_if(changes_, [&](const auto& entry) {
    if (!is_gone(entry.first)) return false;
    count_ -= entry.second.size();
    return true;
  });
}

}  // namespace daruma::control
