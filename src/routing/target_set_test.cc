// SPDX-License-Identifier: Apache-2.0
#include "routing/target_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"

namespace daruma::routing {
namespace {

using model::HealthState;

// One letter per target: i, h, u(nhealthy), n(unused), d(raining), a (unavailable).
HealthState state_of(char letter) {
  switch (letter) {
    case 'h':
      return HealthState::healthy;
    case 'u':
      return HealthState::unhealthy;
    case 'n':
      return HealthState::unused;
    case 'd':
      return HealthState::draining;
    case 'a':
      return HealthState::unavailable;
    default:
      return HealthState::initial;
  }
}

struct Row {
  const char* states;
  RoutingMode mode;
  std::vector<uint32_t> candidates;
};

TEST(TargetSet, candidates_by_table) {
  const Row rows[] = {
      {"", RoutingMode::none, {}},
      {"h", RoutingMode::healthy, {0}},
      {"hhh", RoutingMode::healthy, {0, 1, 2}},
      {"uhu", RoutingMode::healthy, {1}},
      {"ih", RoutingMode::healthy, {1}},  // initial is not healthy
      {"uu", RoutingMode::fail_open, {0, 1}},
      {"ii", RoutingMode::fail_open, {0, 1}},
      {"iu", RoutingMode::fail_open, {0, 1}},
      {"a", RoutingMode::healthy, {0}},  // health checks disabled
      {"ahu", RoutingMode::healthy, {0, 1}},
      {"au", RoutingMode::healthy, {0}},
      {"d", RoutingMode::none, {}},
      {"n", RoutingMode::none, {}},
      {"dn", RoutingMode::none, {}},
      {"dhn", RoutingMode::healthy, {1}},
      {"dun", RoutingMode::fail_open, {1}},  // fail-open never reaches draining or unused ones
      {"dddu", RoutingMode::fail_open, {3}},
  };
  for (const Row& row : rows) {
    const std::string states = row.states;
    SCOPED_TRACE(states);
    TargetSet set(states.size());
    for (uint32_t i = 0; i < states.size(); ++i) set.set_health(i, state_of(states[i]));
    EXPECT_EQ(set.mode(), row.mode);
    EXPECT_EQ(std::vector<uint32_t>(set.candidates().begin(), set.candidates().end()),
              row.candidates);
    EXPECT_EQ(set.size(), states.size());
  }
}

TEST(TargetSet, is_undecided_while_enough_may_be_healthy) {
  struct Case {
    const char* states;
    uint32_t least;
    bool undecided;
  };
  for (const Case& row : {Case{"ii", 1, true}, Case{"iu", 1, true}, Case{"uu", 1, false},
                          Case{"ih", 1, false},  // decided: healthy
                          Case{"d", 1, false}, Case{"ih", 2, true}, Case{"iu", 2, false}}) {
    const std::string states = row.states;
    TargetSet set(std::vector<bool>(states.size(), true), {.count = row.least});
    for (uint32_t i = 0; i < states.size(); ++i) set.set_health(i, state_of(states[i]));
    EXPECT_EQ(set.undecided(), row.undecided) << states << row.least;
  }
}

struct LeastRow {
  const char* states;
  const char* in_play;
  model::MinimumHealthy least;
  RoutingMode mode;
  std::vector<uint32_t> candidates;
};

TEST(TargetSet, thresholds_and_zones_by_table) {
  const LeastRow rows[] = {
      {"hhuu", "1111", {.count = 2}, RoutingMode::healthy, {0, 1}},
      {"hhuu", "1111", {.count = 3}, RoutingMode::fail_open, {0, 1, 2, 3}},
      {"hhuu", "1111", {.percentage = 50}, RoutingMode::healthy, {0, 1}},
      {"hhuu", "1111", {.percentage = 51}, RoutingMode::fail_open, {0, 1, 2, 3}},
      {"hhuu", "1111", {.count = 1, .percentage = 51}, RoutingMode::fail_open, {0, 1, 2, 3}},
      {"hhuu", "1111", {.count = 3, .percentage = 50}, RoutingMode::fail_open, {0, 1, 2, 3}},
      {"hhud", "1111", {.percentage = 66}, RoutingMode::healthy, {0, 1}},  // of three
      {"hhud", "1111", {.percentage = 67}, RoutingMode::fail_open, {0, 1, 2}},
      {"hha", "1111", {.count = 3}, RoutingMode::healthy, {0, 1, 2}},
      {"uu", "11", {}, RoutingMode::fail_open, {0, 1}},  // one at least, whatever is asked for
      {"h", "1", {.count = 5}, RoutingMode::fail_open, {0}},
      {"hhuu", "0111", {.count = 2}, RoutingMode::fail_open, {1, 2, 3}},  // of those in play
      {"hhuu", "0111", {.count = 1}, RoutingMode::healthy, {1}},
      {"hhuu", "0011", {.count = 1}, RoutingMode::fail_open, {2, 3}},
      {"hhuu", "1011", {.percentage = 34}, RoutingMode::fail_open, {0, 2, 3}},
      {"hhuu", "0000", {.count = 1}, RoutingMode::none, {}},
  };
  for (const LeastRow& row : rows) {
    const std::string states = row.states;
    SCOPED_TRACE(states + " " + row.in_play);
    std::vector<bool> in_play;
    for (size_t i = 0; i < states.size(); ++i) in_play.push_back(row.in_play[i] == '1');
    TargetSet set(in_play, row.least);
    for (uint32_t i = 0; i < states.size(); ++i) set.set_health(i, state_of(states[i]));
    EXPECT_EQ(set.mode(), row.mode);
    EXPECT_EQ(std::vector<uint32_t>(set.candidates().begin(), set.candidates().end()),
              row.candidates);
  }
}

TEST(TargetSet, sends_to_all_before_the_first_letter) {
  TargetSet set(3);
  EXPECT_EQ(set.mode(), RoutingMode::fail_open);
  EXPECT_EQ(set.candidates().size(), 3u);
}

TEST(TargetSet, leaves_fail_open_with_the_first_healthy_target_and_enters_it_with_the_last) {
  TargetSet set(2);
  set.set_health(0, HealthState::healthy);
  EXPECT_EQ(set.mode(), RoutingMode::healthy);
  EXPECT_EQ(set.candidates().size(), 1u);
  set.set_health(1, HealthState::healthy);
  EXPECT_EQ(set.candidates().size(), 2u);
  set.set_health(0, HealthState::unhealthy);
  EXPECT_EQ(set.mode(), RoutingMode::healthy);
  set.set_health(1, HealthState::unhealthy);
  EXPECT_EQ(set.mode(), RoutingMode::fail_open);
  EXPECT_EQ(set.candidates().size(), 2u);
}

// a(way): of the zone that traffic was shifted away from; k(ept): of others.
struct ShiftRow {
  const char* zones;
  const char* states;
  model::MinimumHealthy least;
  RoutingMode mode;
  std::vector<uint32_t> candidates;
  bool holds;
};

TEST(TargetSet, a_shift_holds_while_the_others_are_enough_by_table) {
  using enum RoutingMode;
  const ShiftRow rows[] = {
      {"aakk", "hhhh", {.count = 1}, healthy, {2, 3}, true},
      {"aakk", "hhhu", {.count = 1}, healthy, {2}, true},
      {"aakk", "hhhu", {.count = 2}, healthy, {0, 1, 2}, false},  // else it would fail open
      {"aakk", "hhhu", {.percentage = 51}, healthy, {0, 1, 2}, false},
      {"aakk", "hhuu", {.count = 1}, healthy, {0, 1}, false},
      {"aakk", "uuuu", {.count = 1}, fail_open, {0, 1, 2, 3}, false},  // it fails open without one
      {"aakk", "huhu", {.count = 3}, fail_open, {0, 1, 2, 3}, false},
      {"aakk", "hhii", {.count = 1}, fail_open, {2, 3}, true},  // not checked yet, as after a start
      {"aakk", "hhiu", {.count = 2}, healthy, {0, 1}, false},
      {"aakk", "hhdd", {.count = 1}, healthy, {0, 1}, false},  // nobody elsewhere
      {"aa", "hh", {.count = 1}, healthy, {0, 1}, false},
      {"aakk", "ddhh", {.count = 1}, healthy, {2, 3}, false},
  };
  for (const ShiftRow& row : rows) {
    const std::string states = row.states;
    SCOPED_TRACE(states + " " + row.zones);
    std::vector<bool> away;
    for (size_t i = 0; i < states.size(); ++i) away.push_back(row.zones[i] == 'a');
    TargetSet set(std::vector<bool>(states.size(), true), row.least, away);
    for (uint32_t i = 0; i < states.size(); ++i) set.set_health(i, state_of(states[i]));
    EXPECT_EQ(set.mode(), row.mode);
    EXPECT_EQ(std::vector<uint32_t>(set.candidates().begin(), set.candidates().end()),
              row.candidates);
    EXPECT_EQ(set.shifted_away(0), row.holds);
    EXPECT_EQ(set.in_play(0), !row.holds);
  }
}

// Whatever came before, the list is what it would be if the states had been told at once; and a
// change that leaves the mode alone is about one target.
TEST(TargetSet, a_change_leads_where_a_fresh_set_stands) {
  Random random(1);
  const std::string_view letters = "ihunda";
  std::string states(7, 'i');
  const std::vector<bool> in_play = {true, true, false, true, true, true, true};
  const std::vector<bool> away = {true, false, true, false, true, false, false};
  const model::MinimumHealthy least{.count = 2, .percentage = 40};
  TargetSet set(in_play, least, away);
  for (int step = 0; step < 20'000; ++step) {
    const auto target = static_cast<uint32_t>(random.below(states.size()));
    states[target] = letters[random.below(letters.size())];
    const TargetSet before = set;
    const bool all = set.set_health(target, state_of(states[target]));
    TargetSet fresh(in_play, least, away);
    for (uint32_t i = 0; i < states.size(); ++i) fresh.set_health(i, state_of(states[i]));
    ASSERT_TRUE(std::ranges::equal(set.candidates(), fresh.candidates())) << states;
    ASSERT_EQ(set.mode(), fresh.mode()) << states;
    const bool turned = before.shifted_away(0) != set.shifted_away(0);
    ASSERT_EQ(all, turned || before.mode() != set.mode()) << states;
    for (uint32_t i = 0; i < states.size(); ++i) {
      const bool listed = std::ranges::count(set.candidates(), i) == 1;
      ASSERT_EQ(set.is_candidate(i), listed) << states;
      ASSERT_TRUE(all || i == target || listed == before.is_candidate(i)) << states;
    }
  }
}

// The list is recomputed on change only, so a repeated letter must leave a reader's span alone.
TEST(TargetSet, a_repeated_letter_changes_nothing) {
  TargetSet set(2);
  set.set_health(0, HealthState::healthy);
  const uint32_t* before = set.candidates().data();
  set.set_health(0, HealthState::healthy);
  EXPECT_EQ(set.candidates().data(), before);
  EXPECT_EQ(set.health(0), HealthState::healthy);
}

}  // namespace
}  // namespace daruma::routing
