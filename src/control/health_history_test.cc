// SPDX-License-Identifier: Apache-2.0
#include "control/health_history.h"

#include <gtest/gtest.h>

namespace daruma::control {
namespace {

using model::HealthReason;
using model::HealthState;

const model::TargetKey one{"apache", "127.0.0.2", 80};
const model::TargetKey other{"apache", "127.0.0.3", 80};

model::TargetHealth health(HealthState state, HealthReason reason = HealthReason::none) {
  return {state, reason, ""};
}
WallTime at(int seconds) {
  return WallTime{} + std::chrono::seconds(seconds);
}

TEST(HealthHistory, tells_each_change_once) {
  HealthHistory history;
  history.note(one, health(HealthState::initial), at(1));
  history.note(one, health(HealthState::healthy), at(2));
  history.note(one, health(HealthState::healthy), at(3));
  history.note(one, health(HealthState::unhealthy, HealthReason::timeout), at(4));
  history.note(one, health(HealthState::unhealthy, HealthReason::response_code_mismatch), at(5));
  history.note(other, health(HealthState::healthy), at(6));
  const auto& its = history.changes().at(one);
  ASSERT_EQ(its.size(), 4u);
  EXPECT_EQ(its[1].at, at(2));
  EXPECT_EQ(its[2].health.reason, HealthReason::timeout);
  EXPECT_EQ(its[3].at, at(5));
  EXPECT_EQ(history.changes().at(other).size(), 1u);
}

TEST(HealthHistory, keeps_the_newest_of_each_target) {
  HealthHistory history;
  for (int i = 0; i < 301; ++i)
    history.note(one, health(i % 2 == 0 ? HealthState::healthy : HealthState::unhealthy), at(i));
  const auto& its = history.changes().at(one);
  EXPECT_EQ(its.size(), HealthHistory::of_one_target_max);
  EXPECT_EQ(its.back().at, at(300));
}

TEST(HealthHistory, is_bounded_over_all_targets) {
  HealthHistory history;
  for (size_t i = 0; i < HealthHistory::changes_max + 10; ++i)
    history.note({"g", std::to_string(i), 80}, health(HealthState::healthy), at(1));
  EXPECT_EQ(history.changes().size(), HealthHistory::changes_max);
  // Whoever is known is still followed.
  history.note({"g", "0", 80}, health(HealthState::unhealthy), at(2));
  const auto& its = history.changes().at({"g", "0", 80});
  ASSERT_EQ(its.size(), 1u);
  EXPECT_EQ(its.back().at, at(2));
}

TEST(HealthHistory, a_newcomer_takes_the_place_of_what_is_oldest) {
  HealthHistory history;
  const auto key = [](int i) { return model::TargetKey{"g", std::to_string(i), 80}; };
  const auto size_of = [&](int i) { return history.changes().at(key(i)).size(); };
  constexpr int flapping = 200;
  constexpr int steady = 10'000;
  history.note(one, health(HealthState::healthy), at(0));
  for (int round = 1; round <= flapping; ++round) {
    const auto state = round % 2 == 0 ? HealthState::healthy : HealthState::unhealthy;
    for (int i = 0; i < flapping; ++i) history.note(key(i), health(state), at(round));
  }
  for (int i = flapping; i < flapping + steady - 1; ++i)
    history.note(key(i), health(HealthState::healthy), at(1000));
  EXPECT_EQ(size_of(0), 200u);
  history.note(other, health(HealthState::initial), at(1001));
  EXPECT_EQ(history.changes().at(other).size(), 1u);
  // The oldest 5,000 went, but not what is all that is known of a target.
  EXPECT_EQ(size_of(0), 175u);
  EXPECT_EQ(size_of(flapping - 1), 175u);
  EXPECT_EQ(history.changes().at(one).size(), 1u);
  history.note(other, health(HealthState::healthy), at(1002));
  EXPECT_EQ(history.changes().at(other).size(), 2u);
  EXPECT_EQ(size_of(0), 175u);
}

TEST(HealthHistory, forgets_who_is_gone) {
  HealthHistory history;
  history.note(one, health(HealthState::healthy), at(1));
  history.note(other, health(HealthState::healthy), at(1));
  history.forget_where([](const model::TargetKey& target) { return target == one; });
  EXPECT_FALSE(history.changes().contains(one));
  EXPECT_TRUE(history.changes().contains(other));
  history.note(one, health(HealthState::healthy), at(2));
  EXPECT_EQ(history.changes().at(one).front().at, at(2));
}

}  // namespace
}  // namespace daruma::control
