// SPDX-License-Identifier: Apache-2.0
//
// The algorithms of load_balancing.algorithm.type, and slow start, in a whole node: who gets how
// much where targets differ, are full, and while configurations come and go.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "model/limits.h"
#include "sim/small_node.h"

namespace daruma::sim {
namespace {

size_t sum(const std::vector<size_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), size_t{0});
}

std::function<Duration(Random&)> takes(Duration d) {
  return [d](Random&) { return d; };
}

void begin(SmallNode& node, model::Algorithm algorithm, bool guarded = true) {
  node.group().balancing.algorithm = algorithm;
  node.group().saturation_guard.enabled = guarded;
  node.publish();
  node.run_for(3s);  // all are healthy
  node.requests();
}

// In a closed loop each target finishes in proportion to its speed, if it is given what it frees.
TEST(LeastOutstandingRequests, give_a_slow_target_less) {
  SmallNode node({.seed = 1, .workers = 2, .targets = 3});
  node.targets[2]->takes = takes(40ms);
  begin(node, model::Algorithm::least_outstanding_requests);
  node.ask(24);
  node.run_for(30s);
  const std::vector<size_t> counts = node.requests();
  EXPECT_GT(counts[0], 3 * counts[2]);
  EXPECT_NEAR(static_cast<double>(counts[0]), static_cast<double>(counts[1]), 0.05 * counts[0]);
  EXPECT_EQ(node.answers.size(), 1u);  // 200
}

TEST(LeastOutstandingRequests, do_not_need_the_guard) {
  SmallNode node({.seed = 2, .workers = 1, .targets = 3});
  node.targets[2]->takes = takes(40ms);
  begin(node, model::Algorithm::least_outstanding_requests, false);
  node.ask(24);
  node.run_for(30s);
  const std::vector<size_t> counts = node.requests();
  EXPECT_GT(counts[0], 3 * counts[2]);
}

// An unrelated change, many times over: no count begins anew, so no target is given a burst.
TEST(LeastOutstandingRequests, go_on_over_snapshots) {
  SmallNode node({.seed = 3, .workers = 1, .targets = 3});
  node.targets[2]->takes = takes(400ms);
  begin(node, model::Algorithm::least_outstanding_requests);
  node.ask(12);
  node.run_for(5s);
  node.requests();
  for (int i = 0; i < 50; ++i) {
    node.draft.load_balancers[0].idle_timeout += 1s;
    node.publish();
    node.run_for(100ms);
  }
  const std::vector<size_t> counts = node.requests();
  // It holds four of twelve at most, for 400 ms each.
  EXPECT_LE(counts[2], 5u * 1000 / 400 * 4 + 4);
  EXPECT_GT(counts[0], 20 * counts[2]);
}

// One after the other, with an unrelated change between any two.
TEST(RoundRobin, goes_on_over_snapshots) {
  SmallNode node({.seed = 3, .workers = 1, .targets = 3});
  begin(node, model::Algorithm::round_robin);
  node.ask(1, 90ms);
  node.run_for(50ms);
  node.requests();
  for (int i = 0; i < 60; ++i) {
    node.draft.load_balancers[0].idle_timeout += 1s;
    node.publish();
    node.run_for(100ms);
  }
  const std::vector<size_t> counts = node.requests();
  EXPECT_GE(sum(counts), 55u);
  EXPECT_LE(std::ranges::max(counts) - std::ranges::min(counts), 1u);
}

TEST(WeightedRandom, is_even_whoever_is_slow) {
  SmallNode node({.seed = 4, .workers = 2, .targets = 4});
  node.targets[3]->takes = takes(30ms);
  begin(node, model::Algorithm::weighted_random);
  node.ask(16);
  node.run_for(60s);
  const std::vector<size_t> counts = node.requests();
  const double due = static_cast<double>(sum(counts)) / 4;
  EXPECT_GT(due, 5'000);
  for (const size_t count : counts)
    EXPECT_NEAR(static_cast<double>(count), due, 5 * std::sqrt(due)) << due;
}

// Fewer clients than places at plain targets, where nobody sees from outside that a place is taken:
// still nobody waits at one door while places are free behind others. (Were it so, clients would
// get half as many answers: one who has come to a door in vain waits there for 150 ms.)
TEST(Algorithms, leave_nobody_at_a_door_where_places_are_free_elsewhere) {
  constexpr size_t clients_for_4_places = 3;
  for (const auto algorithm :
       {model::Algorithm::round_robin, model::Algorithm::least_outstanding_requests,
        model::Algorithm::weighted_random}) {
    for (const size_t places : {1, 2, 4}) {
      SmallNode node({.seed = places, .workers = 1, .targets = 4});
      for (auto& target : node.targets) {
        target->places = places;
        target->takes = [](Random& random) {
          return Duration(static_cast<int64_t>(random.below(40'000'000)));
        };
      }
      begin(node, algorithm);
      node.ask(clients_for_4_places * places);
      node.run_for(20s);
      node.requests();
      node.run_for(30s);
      const double most = clients_for_4_places * static_cast<double>(places) * (30s / 20ms);
      EXPECT_GT(static_cast<double>(sum(node.requests())), 0.9 * most)
          << name_of(algorithm) << ", " << places;
      EXPECT_EQ(node.answers.size(), 1u);
    }
  }
}

// Each algorithm passes over who is unhealthy, and over who fails before the prober knows.
TEST(Algorithms, pass_over_what_does_not_serve) {
  for (const auto algorithm :
       {model::Algorithm::round_robin, model::Algorithm::least_outstanding_requests,
        model::Algorithm::weighted_random}) {
    SmallNode node({.seed = 5, .workers = 2, .targets = 3});
    begin(node, algorithm);
    node.targets[1]->healthy = false;
    node.run_for(15s);
    node.ask(9);
    node.run_for(5s);
    const std::vector<size_t> counts = node.requests();
    EXPECT_EQ(counts[1], 0u) << name_of(algorithm);
    EXPECT_GT(counts[0], 100u) << name_of(algorithm);
    EXPECT_GT(counts[2], 100u) << name_of(algorithm);
    EXPECT_EQ(node.answers.size(), 1u) << name_of(algorithm);
  }
}

// The addresses of one name: each has its part of the requests, from the snapshot on that has it,
// and none from the one on that has it no more; what is under way is answered.
TEST(NamedTarget, follows_its_name) {
  SmallNode node({.seed = 11, .workers = 2, .targets = 3});
  model::Target named = node.member(0);
  named.key = {"group", "app.example", 80};
  const auto expect_asked = [&](const std::string& asked) {
    named.addresses.clear();
    for (size_t i = 0; i < asked.size(); ++i) {
      if (asked[i] == '1') named.addresses.push_back(node.targets[i]->address());
    }
    node.group().targets = {named};
    node.publish();
    ASSERT_TRUE(node.run_until([&node] { return node.adopted_by_all(); }));
    for (auto& target : node.targets) target->watch_from(node.now());
    node.run_for(2s);
    for (size_t i = 0; i < asked.size(); ++i) {
      const size_t requests = node.targets[i]->requests_after;
      if (asked[i] == '1') {
        EXPECT_GT(requests, 200u) << asked << " " << i;
      } else {
        EXPECT_EQ(requests, 0u) << asked << " " << i;
      }
    }
  };
  node.group().targets = {named};
  node.publish();
  node.run_for(3s);
  node.ask(12);
  for (const char* asked : {"100", "110", "011", "111", "001", "101"}) expect_asked(asked);
  EXPECT_EQ(node.answers.size(), 1u);  // 200
}

// A group of more targets than a request looks at: that those in front fail says nothing of the
// rest.
TEST(Failover, passes_nothing_on_while_targets_at_the_back_can_take_it) {
  constexpr size_t failing = model::limits::targets_looked_at_max;
  SmallNode node({.seed = 10, .workers = 1, .targets = failing + 17});
  model::TargetGroup second = node.group();
  second.name = second.arn = second.resource_id = "second";
  second.targets = {node.member(failing + 16)};
  second.targets[0].key.group = "second";
  node.group().targets.pop_back();
  node.draft.target_groups.push_back(second);
  model::Listener& listener = node.draft.load_balancers[0].listeners[0];
  listener.forward_failover = true;
  listener.rules[0].action = model::ForwardAction{{{0, 999}, {1, 1}}, 1000};
  for (size_t i = 0; i < failing; ++i)
    node.targets[i]->nonsense = [](Random&) { return std::optional<std::string>(""); };
  node.publish();
  node.run_for(3s);
  node.ask(20, 10ms);
  node.run_for(20s);
  node.requests();
  node.run_for(20s);
  const std::vector<size_t> counts = node.requests();
  EXPECT_GT(sum(counts), 10'000u);
  EXPECT_LT(counts.back(), sum(counts) / 50);
}

// The share of a target that came back, in tenths of the duration.
std::vector<double> shares_after_return(SmallNode& node, size_t target, Duration duration) {
  const model::TargetKey key = node.member(target).key;
  node.targets[target]->healthy = false;
  EXPECT_TRUE(
      node.run_until([&] { return node.health[key].state == model::HealthState::unhealthy; }));
  node.targets[target]->healthy = true;
  EXPECT_TRUE(
      node.run_until([&] { return node.health[key].state == model::HealthState::healthy; }));
  node.requests();
  std::vector<double> shares;
  for (int i = 0; i < 12; ++i) {
    node.run_for(duration / 10);
    const std::vector<size_t> counts = node.requests();
    shares.push_back(static_cast<double>(counts[target]) / static_cast<double>(sum(counts)));
  }
  return shares;
}

TEST(SlowStart, lets_a_share_grow_in_a_straight_line) {
  SmallNode node({.seed = 6, .workers = 2, .targets = 2});
  node.group().balancing.slow_start = 30s;
  begin(node, model::Algorithm::round_robin);
  node.ask(8, 10ms);
  node.run_for(1s);
  const std::vector<double> shares = shares_after_return(node, 1, 30s);
  for (size_t i = 0; i < 10; ++i) {
    const double weight = 0.1 * static_cast<double>(i) + 0.05;
    EXPECT_NEAR(shares[i], weight / (1 + weight), 0.02) << i;
  }
  EXPECT_NEAR(shares[11], 0.5, 0.01);
}

TEST(SlowStart, is_off_unless_asked_for) {
  SmallNode node({.seed = 7, .workers = 1, .targets = 2});
  node.group().saturation_guard.enabled = false;  // it too asks little at first
  begin(node, model::Algorithm::round_robin, false);
  node.ask(8, 10ms);
  node.run_for(1s);
  EXPECT_NEAR(shares_after_return(node, 1, 10s)[0], 0.5, 0.01);
}

// Registered at once into an empty group: nobody to compare with. One that joins later grows.
TEST(SlowStart, is_for_who_joins_others) {
  SmallNode node({.seed = 8, .workers = 2, .targets = 3});
  node.group().balancing.slow_start = 30s;
  node.group().targets.pop_back();
  node.targets[1]->healthy = false;  // is the later of two that began together
  node.publish();
  node.run_for(3s);
  node.targets[1]->healthy = true;
  const model::TargetKey second = node.member(1).key;
  ASSERT_TRUE(
      node.run_until([&] { return node.health[second].state == model::HealthState::healthy; }));
  node.ask(8, 10ms);
  node.run_for(1s);
  node.requests();
  node.run_for(3s);
  std::vector<size_t> counts = node.requests();
  EXPECT_NEAR(static_cast<double>(counts[1]), static_cast<double>(counts[0]), 0.02 * counts[0]);

  node.group().targets.push_back(node.member(2));
  node.publish();
  node.run_for(4s);
  counts = node.requests();
  EXPECT_LT(counts[2], counts[0] / 5);
  node.run_for(30s);
  node.requests();
  node.run_for(3s);
  counts = node.requests();
  EXPECT_NEAR(static_cast<double>(counts[2]), static_cast<double>(counts[0]), 0.05 * counts[0]);
}

// Unhealthy again, it begins again; and where the group gives it up, the share is whole at once.
TEST(SlowStart, ends_and_begins_again) {
  SmallNode node({.seed = 9, .workers = 1, .targets = 2});
  node.group().balancing.slow_start = 100s;
  begin(node, model::Algorithm::round_robin);
  node.ask(8, 10ms);
  EXPECT_LT(shares_after_return(node, 1, 30s)[8], 0.25);
  EXPECT_LT(shares_after_return(node, 1, 20s)[0], 0.03);
  node.group().balancing.slow_start = 0s;
  node.publish();
  node.run_for(100ms);
  node.requests();
  node.run_for(2s);
  const std::vector<size_t> counts = node.requests();
  EXPECT_NEAR(static_cast<double>(counts[1]), static_cast<double>(counts[0]), 0.02 * counts[0]);
}

}  // namespace
}  // namespace daruma::sim
