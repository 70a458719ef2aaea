// SPDX-License-Identifier: Apache-2.0
#include "control/health_history.h"

namespace daruma::control {

// Where all together are too many, whoever changes loses its own oldest.
void HealthHistory::note(const model::TargetKey& target, const model::TargetHealth& health,
                         WallTime at) {
  const auto known = changes_.find(target);
  if (known == changes_.end()) {
    if (count_ == changes_max) return;
    changes_[target].push_back({at, health});
    ++count_;
    return;
  }
  std::deque<Change>& its = known->second;
  if (its.back().health == health) return;
  its.push_back({at, health});
  ++count_;
  if (its.size() <= of_one_target_max && count_ <= changes_max) return;
  its.pop_front();
  --count_;
}

void HealthHistory::forget_where(const std::function<bool(const model::TargetKey&)>& is_gone) {
  std::erase_if(changes_, [&](const auto& entry) {
    if (!is_gone(entry.first)) return false;
    count_ -= entry.second.size();
    return true;
  });
}

}  // namespace daruma::control
