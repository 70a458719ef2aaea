// SPDX-License-Identifier: Apache-2.0
#include "control/group_health.h"

#include <gtest/gtest.h>

#include <string>

namespace daruma::control {
namespace {

// Targets by zone (a, b, - for none) and state (h, u, d).
model::TargetGroup group_of(const std::string& zones) {
  model::TargetGroup group;
  group.in_use = true;
  for (size_t i = 0; i < zones.size(); ++i) {
    model::Target target;
    target.key = {"app", "10.0.0." + std::to_string(i), 80};
    target.zone = zones[i] == '-' ? "" : std::string(1, zones[i]);
    group.targets.push_back(target);
  }
  return group;
}

HealthOf states(const std::string& letters) {
  return [letters](const model::TargetKey& key) {
    switch (letters[static_cast<size_t>(key.id.back() - '0')]) {
      case 'h':
        return model::HealthState::healthy;
      case 'd':
        return model::HealthState::draining;
      default:
        return model::HealthState::unhealthy;
    }
  };
}

TEST(GroupHealth, by_table) {
  struct Row {
    const char* zones;
    const char* states;
    bool cross_zone;
    model::MinimumHealthy routing;
    model::MinimumHealthy dns;
    std::vector<ZoneHealth> expected;
  };
  const Row rows[] = {
      // Over all zones alike, with cross-zone load balancing.
      {"aab",
       "huu",
       true,
       {.count = 1},
       {.count = 1},
       {{"a", 1, 3, true, true}, {"b", 1, 3, true, true}}},
      {"aab",
       "uuu",
       true,
       {.count = 1},
       {.count = 1},
       {{"a", 0, 3, false, false}, {"b", 0, 3, false, false}}},
      {"aab",
       "huu",
       true,
       {.count = 1},
       {.count = 2},
       {{"a", 1, 3, true, false}, {"b", 1, 3, true, false}}},
      {"aab",
       "huu",
       true,
       {.count = 1, .percentage = 33},
       {.percentage = 34},
       {{"a", 1, 3, true, false}, {"b", 1, 3, true, false}}},
      {"aab",
       "uuu",
       true,
       {.count = 1},
       {},
       {{"a", 0, 3, false, true},  // "off"
        {"b", 0, 3, false, true}}},
      // In each zone, without; a target of no zone counts in all.
      {"aab",
       "huu",
       false,
       {.count = 1},
       {.count = 1},
       {{"a", 1, 2, true, true}, {"b", 0, 1, false, false}}},
      {"ab-",
       "hhh",
       false,
       {.count = 1},
       {.count = 2},
       {{"a", 2, 2, true, true}, {"b", 2, 2, true, true}}},
      {"aa", "hd", true, {.percentage = 100}, {.percentage = 100}, {{"a", 1, 1, true, true}}},
      {"--", "hu", true, {.count = 1}, {.count = 1}, {{"n", 1, 2, true, true}}},  // the node's
      {"", "", true, {.count = 1}, {.count = 1}, {{"n", 0, 0, false, false}}},
  };
  for (const Row& row : rows) {
    model::TargetGroup group = group_of(row.zones);
    group.balancing.cross_zone = row.cross_zone;
    group.balancing.routing = row.routing;
    group.balancing.dns = row.dns;
    EXPECT_EQ(zone_health(group, "n", states(row.states)), row.expected)
        << row.zones << " " << row.states;
  }
}

// As the workers go by it: not while the others are too few.
TEST(GroupHealth, tells_whom_a_shift_keeps_out) {
  model::TargetGroup group = group_of("aab");
  group.balancing.shifted_zone = "a";
  using Flags = std::vector<bool>;
  EXPECT_EQ(shifted_away(group, states("hhh")), (Flags{true, true, false}));
  EXPECT_EQ(zone_health(group, "n", states("hhh"))[0], (ZoneHealth{"a", 1, 1, true, true}));
  EXPECT_EQ(shifted_away(group, states("hhu")), (Flags{false, false, false}));
  EXPECT_EQ(zone_health(group, "n", states("hhu"))[0], (ZoneHealth{"a", 2, 3, true, true}));
  group.balancing.cross_zone = false;
  EXPECT_EQ(shifted_away(group, states("hhh")), (Flags{false, false, false}));
}

model::Snapshot snapshot_of(model::TargetGroup group) {
  model::Snapshot snapshot;
  snapshot.node.zone = "a";
  snapshot.target_groups.push_back(std::move(group));
  model::LoadBalancer& balancer = snapshot.load_balancers.emplace_back();
  model::Rule& rule = balancer.listeners.emplace_back().rules.emplace_back();
  rule.action = model::ForwardAction{{{.group = 0}}, 1};
  return snapshot;
}

TEST(GroupHealth, says_whether_the_node_belongs_in_dns) {
  model::Snapshot snapshot = snapshot_of(group_of("ab"));
  model::LoadBalancer& balancer = snapshot.load_balancers[0];
  EXPECT_TRUE(belongs_in_dns(snapshot, balancer, states("uh")));
  EXPECT_FALSE(belongs_in_dns(snapshot, balancer, states("uu")));
  snapshot.target_groups[0].balancing.cross_zone = false;
  EXPECT_FALSE(belongs_in_dns(snapshot, balancer, states("uh")));
  EXPECT_TRUE(belongs_in_dns(snapshot, balancer, states("hu")));
  balancer.shifted_zone = "a";
  EXPECT_FALSE(belongs_in_dns(snapshot, balancer, states("hh")));
  balancer.shifted_zone = "b";
  EXPECT_TRUE(belongs_in_dns(snapshot, balancer, states("hh")));
  snapshot.target_groups[0].targets.clear();
  EXPECT_TRUE(belongs_in_dns(snapshot, balancer, states("")));  // not registered is not unhealthy
}

}  // namespace
}  // namespace daruma::control
