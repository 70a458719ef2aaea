// SPDX-License-Identifier: Apache-2.0
#include "control/health_history.h"

namespace daruma::control {

void HealthHistory::note(const model::TargetKey& target, const model::TargetHealth& health,
                         WallTime at) {
  auto known = changes_.find(target);
  if (known != changes_.end() && known->second.back().health == health) return;
  if (known == changes_.end()) {
    if (count_ == changes_max && followed_.empty()) return;
    known = changes_.try_emplace(target).first;
  } else {
    followed_.emplace(known->second.back().number, known);
  }
  known->second.push_back({at, health, ++last_number_});
  ++count_;
  if (known->second.size() > of_one_target_max) {
    drop_oldest(known);
  } else if (count_ > changes_max) {
    drop_oldest(followed_.begin()->second);
  }
}

// REQUIRES: it has others.
void HealthHistory::drop_oldest(Changes::iterator target) {
  followed_.erase(target->second.front().number);
  target->second.pop_front();
  --count_;
}

void HealthHistory::forget_where(const std::function<bool(const model::TargetKey&)>& is_gone) {
  std::erase_if(changes_, [&](const auto& entry) {
    if (!is_gone(entry.first)) return false;
    for (const Change& change : entry.second) followed_.erase(change.number);
    count_ -= entry.second.size();
    return true;
  });
}

}  // namespace daruma::control
