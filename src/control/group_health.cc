// SPDX-License-Identifier: Apache-2.0
#include "control/group_health.h"

#include <algorithm>
#include <set>

#include "routing/in_play.h"
#include "routing/target_set.h"

namespace daruma::control {
namespace {

void count(const model::Target& target, const HealthOf& health_of, ZoneHealth& into) {
  switch (health_of(target.key)) {
    case model::HealthState::healthy:
    case model::HealthState::unavailable:
      ++into.healthy;
      ++into.targets;
      return;
    case model::HealthState::initial:
    case model::HealthState::unhealthy:
      ++into.targets;
      return;
    case model::HealthState::unused:
    case model::HealthState::draining:
      return;
  }
}

void judge(const model::Balancing& balancing, ZoneHealth& zone) {
  zone.routing = balancing.routing.met_by(zone.healthy, zone.targets);
  zone.dns = balancing.dns.met_by(zone.healthy, zone.targets);
}

std::set<std::string> zones_of(const model::TargetGroup& group, const std::string& node_zone) {
  std::set<std::string> zones;
  for (const model::Target& target : group.targets) {
    if (!routing::belongs_to_every_zone(target)) zones.insert(target.zone);
  }
  if (zones.empty()) zones.insert(node_zone);
  return zones;
}

// Of those that count in that zone.
ZoneHealth health_in(const std::string& zone, const model::TargetGroup& group,
                     const HealthOf& health_of) {
  ZoneHealth its;
  its.zone = zone;
  const std::vector<bool> in_play = routing::targets_in_play(group, zone);
  const std::vector<bool> away = shifted_away(group, health_of);
  for (size_t i = 0; i < group.targets.size(); ++i) {
    if (in_play[i] && !away[i]) count(group.targets[i], health_of, its);
  }
  judge(group.balancing, its);
  return its;
}

}  // namespace

bool forwards_to(const model::LoadBalancer& balancer, uint32_t group) {
  return std::ranges::any_of(balancer.listeners, [group](const model::Listener& listener) {
    return std::ranges::any_of(listener.rules, [group](const model::Rule& rule) {
      const auto* forward = std::get_if<model::ForwardAction>(&rule.action);
      return forward != nullptr &&
             std::ranges::find(forward->groups, group, &model::WeightedGroup::group) !=
                 forward->groups.end();
    });
  });
}

// As a worker does.
std::vector<bool> shifted_away(const model::TargetGroup& group, const HealthOf& health_of) {
  const size_t targets = group.targets.size();
  std::vector<bool> of_zone = routing::targets_of_shifted_zone(group);
  if (std::ranges::find(of_zone, true) == of_zone.end()) return of_zone;
  routing::TargetSet set(std::vector<bool>(targets, true), group.balancing.routing, of_zone);
  for (uint32_t i = 0; i < targets; ++i) set.set_health(i, health_of(group.targets[i].key));
  for (uint32_t i = 0; i < targets; ++i) of_zone[i] = set.shifted_away(i);
  return of_zone;
}

std::vector<ZoneHealth> zone_health(const model::TargetGroup& group, const std::string& node_zone,
                                    const HealthOf& health_of) {
  std::vector<ZoneHealth> result;
  for (const std::string& zone : zones_of(group, node_zone))
    result.push_back(health_in(zone, group, health_of));
  return result;
}

bool belongs_in_dns(const model::Snapshot& snapshot, const model::LoadBalancer& balancer,
                    const HealthOf& health_of) {
  const std::string& zone = snapshot.node.zone;
  if (!zone.empty() && balancer.shifted_zone == zone) return false;
  for (uint32_t i = 0; i < snapshot.target_groups.size(); ++i) {
    if (!forwards_to(balancer, i)) continue;
    // An empty group is nobody's failure.
    const model::TargetGroup& group = snapshot.target_groups[i];
    if (group.targets.empty()) continue;
    if (!health_in(zone, group, health_of).dns) return false;
  }
  return true;
}

}  // namespace daruma::control
