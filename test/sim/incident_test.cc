// SPDX-License-Identifier: Apache-2.0
//
// The incident as a whole: what shapes are made of, what its verdict says, that it replays.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/incident_result.h"
#include "sim/incident_snapshot.h"
#include "sim/incident_world.h"

namespace daruma::sim::incident {
namespace {

TEST(IncidentScenario, every_shape_is_drawn_and_can_be_served) {
  std::set<Shape> seen;
  for (uint64_t seed = 1; seed <= 64; ++seed) seen.insert(shape_for(seed));
  EXPECT_EQ(seen.size(), static_cast<size_t>(shape_count));
  for (int i = 0; i < shape_count; ++i) {
    const auto shape = static_cast<Shape>(i);
    EXPECT_EQ(shape_of(name_of(shape)), shape);
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      const Scenario s = draw_scenario(shape, seed, true);
      EXPECT_GT(s.surge_ends, s.surge_begins);
      EXPECT_GT(s.load.length(), s.surge_ends);
      EXPECT_LT(s.probe_timeout, s.probe_interval);
      double capacity = 0;
      for (const TargetPlan& target : s.targets) {
        capacity += capacity_of(target);
        EXPECT_GT(s.load.patience, target.service_most);
        EXPECT_TRUE(std::ranges::is_sorted(target.turns, {}, &TargetTurn::at));
      }
      EXPECT_LT(s.load.points.front().rate, capacity);
      EXPECT_LT(s.load.points.back().rate, capacity);
    }
  }
  EXPECT_EQ(shape_of("no such shape"), std::nullopt);
}

// 20 calm seconds.
Result calm() {
  Result result;
  result.seconds.assign(20, {.offered = 10, .ok = 10, .bound = 10});
  result.targets.resize(2);
  result.attempts = result.ok = result.bound = 200;
  return result;
}

void turn_one_away(Result& result) {
  ++result.seconds[3].reasons[static_cast<size_t>(model::Reason::target_group_saturated)];
}

TEST(IncidentVerdict, names_each_broken_invariant) {
  struct Case {
    const char* sentence;  // "": none is broken
    void (*spoil)(Result&);
  };
  const Case cases[] = {
      {"", [](Result&) {}},
      {"", [](Result& r) { r.ok = 196; }},
      {"served 195 of 200 (97.5 %), at least 98 % are due", [](Result& r) { r.ok = 195; }},
      {"1 seconds without a success while targets could serve",
       [](Result& r) { r.seconds[7].ok = 0; }},
      {"", [](Result& r) { r.seconds[7].ok = r.seconds[7].bound = 0; }},
      {"", [](Result& r) { turn_one_away(r); }},
      {"1 turned away though there were places",
       [](Result& r) {
         r.scenario.shape = Shape::busy;
         turn_one_away(r);
       }},
      {"target 1 flipped 1 times for 0 causes", [](Result& r) { r.targets[1].flips = 1; }},
      {"", [](Result& r) { r.targets[1] = {.flips = 2, .causes = 2}; }},
      {"", [](Result& r) { r.retries = 20; }},
      {"21 of 200 requests were sent again", [](Result& r) { r.retries = 21; }},
      {"21 of 200 requests were sent again", [](Result& r) { r.repeats = 21; }},
      {"1 POSTs reached applications twice", [](Result& r) { r.repeated_posts = 1; }},
  };
  for (const Case& c : cases) {
    Result result = calm();
    c.spoil(result);
    std::string all;
    for (const std::string& sentence : broken_invariants(result)) all += sentence;
    EXPECT_EQ(all, c.sentence);
  }
}

TEST(IncidentVerdict, asks_for_as_much_as_it_is_told_to) {
  Result result = calm();
  result.ok = 181;
  EXPECT_EQ(broken_invariants(result, 90), std::vector<std::string>{});
  EXPECT_EQ(broken_invariants(result, 91),
            std::vector<std::string>{"served 181 of 200 (90.5 %), at least 91 % are due"});
}

TEST(IncidentVerdict, tells_recovery_and_idleness) {
  Result result = calm();
  result.scenario.surge_ends = 10s;
  EXPECT_EQ(result.recovery(), 0s);
  result.seconds[12].errors = 1;
  result.seconds[5].timed_out = result.seconds[5].idle = 1;
  EXPECT_EQ(result.recovery(), 3s);
  EXPECT_EQ(result.idle_while_failing(), 1);
}

TEST(IncidentSnapshot, a_log_line_tells_which_group_was_drawn) {
  const auto drawn =
      drawn_of("http … \"GET http://web:8080/page/17 HTTP/1.1\" … targetgroup/group-1/1");
  ASSERT_TRUE(drawn.has_value());
  EXPECT_EQ(drawn->attempt, 17u);
  EXPECT_EQ(drawn->group, 1u);
  EXPECT_FALSE(drawn_of("\"GET http://web:8080/page/17 HTTP/1.1\" - -").has_value());
}

TEST(Incident, one_seed_is_one_run) {
  for (const Shape shape : {Shape::restarting, Shape::event}) {
    const Result first = World(draw_scenario(shape, 5, false)).run();
    const Result again = World(draw_scenario(shape, 5, false)).run();
    const Result other = World(draw_scenario(shape, 6, false)).run();
    EXPECT_EQ(first.trace_hash, again.trace_hash);
    EXPECT_EQ(table(first), table(again));
    EXPECT_NE(first.trace_hash, other.trace_hash);
  }
}

// Far below capacity, with one host gone: what was on its way there is lost, and nobody else's
// request waits for it.
TEST(Incident, nobody_waits_for_a_target_that_is_silent) {
  for (const Turn turn : {Turn::vanish, Turn::freeze}) {
    for (const bool https : {true, false}) {
      Scenario scenario = draw_scenario(Shape::lab, 1, true);
      scenario.node_workers = 2;
      scenario.load.points = {{0s, 20}, {30s, 20}};
      for (TargetPlan& target : scenario.targets) target.https = https;
      scenario.targets[1].turns = {{10s, turn}};
      const Result result = World(scenario).run();
      EXPECT_GT(result.attempts, 500u);
      EXPECT_GE(result.ok + 30, result.attempts) << describe(scenario);
      EXPECT_LT(result.slow, 3s) << describe(scenario);
    }
  }
}

// They leave while their page is made: its place is not free for that. And who has waited longest
// is about to leave.
TEST(Incident, pages_are_not_made_for_clients_that_are_about_to_leave) {
  const Result result = World(draw_scenario(Shape::storm, 223, true)).run();
  EXPECT_EQ(result.blackouts(), 0);
  EXPECT_GT(result.share(), 0.9);
}

TEST(Incident, nothing_fails_below_capacity) {
  Scenario scenario = draw_scenario(Shape::lab, 1, false);
  scenario.load.points = {{0s, 20}, {20s, 40}};
  const Result result = World(scenario).run();
  EXPECT_GT(result.attempts, 500u);
  EXPECT_EQ(result.ok, result.attempts);
  EXPECT_EQ(result.flips(), 0);
  EXPECT_EQ(broken_invariants(result), std::vector<std::string>{});
}

}  // namespace
}  // namespace daruma::sim::incident
