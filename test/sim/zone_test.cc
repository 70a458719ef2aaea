// SPDX-License-Identifier: Apache-2.0
//
// Zones, thresholds and deregistration in a whole node: from the moment that every worker has
// acknowledged a change, nobody who asks is sent where it no longer allows.
#include <gtest/gtest.h>

#include "sim/small_node.h"

namespace daruma::sim {
namespace {

// Four targets, two of them in the node's own zone, and clients that ask without pause.
class Zones : public testing::Test {
 protected:
  Zones() {
    for (size_t i = 0; i < 4; ++i) node_.group().targets[i].zone = i < 2 ? "zone-a" : "zone-b";
    node_.publish();
    node_.run_for(3s);
    node_.ask(12);
    node_.run_for(1s);
  }
  // Published, and acknowledged by all workers.
  void publish() {
    node_.publish();
    ASSERT_TRUE(node_.run_until([this] { return node_.adopted_by_all(); }));
    for (auto& target : node_.targets) target->watch_from(node_.now());
  }
  void expect_asked(const std::string& asked) {
    node_.run_for(1s);
    for (size_t i = 0; i < asked.size(); ++i) {
      const size_t requests = node_.targets[i]->requests_after;
      if (asked[i] == '1') {
        EXPECT_GT(requests, 100u) << asked << " " << i;
      } else {
        EXPECT_EQ(requests, 0u) << asked << " " << i;
      }
    }
  }
  SmallNode node_{{.seed = 1, .workers = 2, .targets = 4}};
};

TEST_F(Zones, without_cross_zone_only_the_nodes_own_targets_are_asked) {
  publish();
  expect_asked("1111");
  node_.group().balancing.cross_zone = false;
  publish();
  expect_asked("1100");
  node_.draft.node.zone = "zone-b";
  publish();
  expect_asked("0011");
  node_.draft.node.zone = "zone-c";
  publish();
  node_.run_for(100ms);  // what was under way
  node_.answers.clear();
  node_.run_for(1s);
  EXPECT_EQ(node_.answers.size(), 1u);
  EXPECT_GT(node_.answers[503], 100u);
}

TEST_F(Zones, fail_open_stays_within_the_zone) {
  node_.group().balancing.cross_zone = false;
  for (const size_t i : {0, 1}) node_.targets[i]->healthy = false;
  publish();
  node_.run_for(15s);
  publish();
  expect_asked("1100");
}

TEST_F(Zones, a_shift_takes_traffic_away_and_brings_it_back) {
  node_.group().balancing.shifted_zone = "zone-a";
  publish();
  expect_asked("0011");
  node_.group().balancing.shifted_zone = "";
  publish();
  expect_asked("1111");
}

// AWS: where an Application Load Balancer fails open, a zonal shift has no effect. The healthy ones
// are those of the zone, so they are asked.
TEST_F(Zones, a_shift_has_no_effect_while_the_group_would_fail_open) {
  node_.group().balancing.shifted_zone = "zone-a";
  publish();
  expect_asked("0011");
  for (const size_t i : {2, 3}) node_.targets[i]->healthy = false;
  node_.run_for(15s);
  publish();
  expect_asked("1100");
  node_.targets[3]->healthy = true;
  node_.run_for(15s);
  publish();
  expect_asked("0001");
  for (auto& target : node_.targets) target->healthy = false;
  node_.run_for(15s);
  publish();
  expect_asked("1111");
}

TEST_F(Zones, below_a_threshold_all_targets_are_asked) {
  for (const size_t i : {2, 3}) node_.targets[i]->healthy = false;
  node_.run_for(15s);
  publish();
  expect_asked("1100");
  node_.group().balancing.routing = {.count = 3};
  publish();
  expect_asked("1111");
  node_.group().balancing.routing = {.count = 1, .percentage = 50};
  publish();
  expect_asked("1100");
  node_.group().balancing.routing = {.count = 1, .percentage = 51};
  publish();
  expect_asked("1111");
}

// The acknowledgement of each of a thousand deregistrations under load: not one request that a
// client sends after it reaches the target.
TEST(Deregistration, once_acknowledged_nothing_new_reaches_the_target) {
  SmallNode node({.seed = 7, .workers = 2, .targets = 3});
  node.publish();
  node.run_for(3s);
  node.ask(20, 10ms);
  node.run_for(1s);
  Random random(7);
  for (int i = 0; i < 1000; ++i) {
    const size_t target = random.below(3);
    const auto members = node.group().targets;
    node.group().targets.erase(node.group().targets.begin() + static_cast<ptrdiff_t>(target));
    node.publish();
    ASSERT_TRUE(node.run_until([&node] { return node.adopted_by_all(); }));
    node.targets[target]->watch_from(node.now());
    node.run_for(50ms);
    ASSERT_EQ(node.targets[target]->requests_after, 0u) << "repetition " << i;
    node.group().targets = members;
    const model::TargetKey key = members[target].key;
    node.health.erase(key);  // what it was before
    node.publish();
    const auto back = [&] { return node.health[key].state == model::HealthState::healthy; };
    ASSERT_TRUE(node.run_until(back));
    node.requests();
    node.run_for(20ms + Duration(static_cast<int64_t>(random.below(20'000'000))));
    ASSERT_GT(node.requests()[target], 0u) << "repetition " << i;
  }
  EXPECT_EQ(node.answers.size(), 1u);  // and nobody was answered anything but 200
}

}  // namespace
}  // namespace daruma::sim
