// SPDX-License-Identifier: Apache-2.0
#include "routing/in_play.h"

#include <algorithm>

namespace daruma::routing {

bool belongs_to_every_zone(const model::Target& target) {
  return target.zone.empty() || target.zone == "all";
}

bool is_shifted_away(const model::TargetGroup& group, const model::Target& target) {
  const model::Balancing& balancing = group.balancing;
  return balancing.cross_zone && !balancing.shifted_zone.empty() &&
         target.zone == balancing.shifted_zone;
}

std::vector<bool> targets_in_play(const model::TargetGroup& group, std::string_view node_zone) {
  std::vector<bool> in_play;
  in_play.reserve(group.targets.size());
  for (const model::Target& target : group.targets) {
    in_play.push_back(group.balancing.cross_zone
                          ? !is_shifted_away(group, target)
                          : belongs_to_every_zone(target) || target.zone == node_zone);
  }
  const bool nobody = std::ranges::find(in_play, true) == in_play.end();
  if (group.balancing.cross_zone && nobody) in_play.assign(in_play.size(), true);
  return in_play;
}

}  // namespace daruma::routing
