// SPDX-License-Identifier: Apache-2.0
#include "routing/in_play.h"

namespace daruma::routing {

bool belongs_to_every_zone(const model::Target& target) {
  return target.zone.empty() || target.zone == "all";
}

std::vector<bool> targets_of_shifted_zone(const model::TargetGroup& group) {
  const model::Balancing& balancing = group.balancing;
  std::vector<bool> away(group.targets.size());
  if (!balancing.cross_zone || balancing.shifted_zone.empty()) return away;
  for (size_t i = 0; i < away.size(); ++i)
    away[i] = group.targets[i].zone == balancing.shifted_zone;
  return away;
}

std::vector<bool> targets_in_play(const model::TargetGroup& group, std::string_view node_zone) {
  if (group.balancing.cross_zone) return std::vector<bool>(group.targets.size(), true);
  std::vector<bool> in_play;
  in_play.reserve(group.targets.size());
  for (const model::Target& target : group.targets)
    in_play.push_back(belongs_to_every_zone(target) || target.zone == node_zone);
  return in_play;
}

}  // namespace daruma::routing
