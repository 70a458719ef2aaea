// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_bound.h"

#include <gtest/gtest.h>

namespace daruma::sim::incident {
namespace {

// Pages of exactly 500 ms, no handshakes: what is served can be counted on one's fingers.
Scenario plain(int targets, int workers) {
  Scenario scenario;
  TargetPlan plan;
  plan.workers = workers;
  plan.service_least = plan.service_most = 500ms;
  plan.handshake = 0ms;
  scenario.targets.assign(static_cast<size_t>(targets), plan);
  Scenario::Group group;
  for (int i = 0; i < targets; ++i) group.targets.push_back(static_cast<size_t>(i));
  scenario.groups = {group};
  return scenario;
}

std::vector<Arrival> steady(double rate, Duration length) {
  std::vector<Arrival> arrivals;
  const auto count = static_cast<uint64_t>(rate * seconds_of(length));
  for (uint64_t i = 0; i < count; ++i)
    arrivals.push_back({Duration(static_cast<int64_t>(1e9 * static_cast<double>(i) / rate)), i});
  return arrivals;
}

TEST(IncidentBound, serves_all_below_capacity) {
  EXPECT_EQ(bound_of(plain(2, 2), steady(7.9, 10s)).served, 79u);
}

TEST(IncidentBound, serves_capacity_and_one_queue_above_it) {
  // 8/s for 10 s, and what waits at the end: at most a quarter of a second's worth.
  const uint64_t served = bound_of(plain(2, 2), steady(16, 10s)).served;
  EXPECT_GE(served, 80u);
  EXPECT_LE(served, 84u);
}

TEST(IncidentBound, counts_by_the_second_of_the_answer) {
  const Bound bound = bound_of(plain(1, 1), {{700ms, 1}, {5s, 2}});
  ASSERT_EQ(bound.per_second.size(), 6u);
  EXPECT_EQ(bound.per_second[1], 1u);
  EXPECT_EQ(bound.per_second[5], 1u);
}

TEST(IncidentBound, charges_the_handshakes_that_cannot_be_avoided) {
  Scenario scenario = plain(1, 2);
  scenario.targets[0].handshake = 500ms;
  scenario.targets[0].keep_alive_max = 0;
  const uint64_t served = bound_of(scenario, steady(16, 10s)).served;
  EXPECT_GE(served, 20u);
  EXPECT_LE(served, 22u);  // two are still being made when the last comes
}

TEST(IncidentBound, loses_what_a_dying_target_was_doing_and_serves_on_the_rest) {
  Scenario scenario = plain(2, 2);
  scenario.targets[1].turns = {{5100ms, Turn::stop_closing}};
  const uint64_t served = bound_of(scenario, steady(16, 10s)).served;
  EXPECT_GE(served, 60u);
  EXPECT_LE(served, 64u);
}

TEST(IncidentBound, nobody_knows_that_a_target_is_silent_before_an_answer_is_overdue) {
  Scenario scenario = plain(2, 4);
  const auto served = [&scenario](Turn turn) {
    scenario.targets[1].turns = {{5s, turn}};
    return bound_of(scenario, steady(8, 10s)).served;
  };
  // Four a second to each: two are under way when it goes, and two more come in half a second.
  EXPECT_EQ(served(Turn::stop_closing), 78u);
  EXPECT_EQ(served(Turn::freeze), 76u);
  scenario.targets[1].turns = {{0s, Turn::vanish}};  // probes have found that out before
  EXPECT_EQ(bound_of(scenario, steady(7, 10s)).served, 70u);
}

TEST(IncidentBound, follows_capacity_up_and_down) {
  struct Case {
    TargetTurn turn;
    uint64_t least, most;
  };
  const Case cases[] = {
      {{5s, Turn::workers, 4}, 119, 128},
      {{5s, Turn::workers, 1}, 58, 66},
      {{5s, Turn::pace, 200}, 58, 66},
      {{5s, Turn::start}, 80, 84},
  };
  for (const Case& c : cases) {
    Scenario scenario = plain(1, 4);
    scenario.targets[0].workers = c.turn.turn == Turn::workers ? 2 : 4;
    if (c.turn.turn == Turn::workers) {
      scenario.targets.push_back(scenario.targets[0]);
      scenario.groups[0].targets.push_back(1);
    }
    for (TargetPlan& target : scenario.targets) target.turns = {c.turn};
    const uint64_t served = bound_of(scenario, steady(40, 10s)).served;
    EXPECT_GE(served, c.least);
    EXPECT_LE(served, c.most);
  }
}

TEST(IncidentBound, keeps_groups_apart) {
  Scenario scenario = plain(2, 2);
  scenario.targets[0].workers = 20;
  scenario.groups = {{{0}, 1}, {{1}, 1}};
  // 8/s to each: the first could serve 40/s, but the rule sends it no more.
  const uint64_t served = bound_of(scenario, steady(16, 10s)).served;
  EXPECT_GE(served, 80u + 40u);
  EXPECT_LE(served, 80u + 42u);
}

// Where chance sends ten in a row to one group, no balancer serves more of them than it can.
TEST(IncidentBound, goes_by_what_was_drawn) {
  const Scenario scenario = [] {
    Scenario two = plain(2, 1);
    two.groups = {{{0}, 1}, {{1}, 1}};
    return two;
  }();
  std::vector<Arrival> arrivals = steady(4, 10s);
  EXPECT_EQ(bound_of(scenario, arrivals).served, 40u);
  for (Arrival& arrival : arrivals) arrival.group = arrival.attempt / 10 % 2;
  const uint64_t served = bound_of(scenario, arrivals).served;
  EXPECT_GE(served, 20u);
  EXPECT_LE(served, 24u);
}

}  // namespace
}  // namespace daruma::sim::incident
