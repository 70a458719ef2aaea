// SPDX-License-Identifier: Apache-2.0
#include "model/stickiness.h"

#include <algorithm>

#include "base/stable_hash.h"
#include "model/target.h"

namespace daruma::model {

std::optional<uint32_t> Stickiness::find(uint64_t id) const {
  const auto found = std::ranges::lower_bound(places, id, {}, &StickyPlace::id);
  if (found == places.end() || found->id != id) return std::nullopt;
  return found->target;
}

void set_sticky_ids(TargetGroup& group) {
  group.sticky_id = stable_hash(group.name);
  group.stickiness.places.clear();
  if (group.stickiness.type == StickinessType::off) return;
  for (uint32_t i = 0; i < group.targets.size(); ++i)
    group.stickiness.places.push_back({stable_hash(group.targets[i].key.to_string()), i});
  std::ranges::sort(group.stickiness.places);
}

}  // namespace daruma::model
