// SPDX-License-Identifier: Apache-2.0
#include "routing/target_picker.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

namespace daruma::routing {
namespace {

TEST(RoundRobin, gives_each_candidate_its_turn) {
  RoundRobin picker;
  const std::vector<uint32_t> candidates = {4, 7, 9};
  std::vector<uint32_t> picked;
  for (int i = 0; i < 6; ++i) picked.push_back(picker.pick(candidates));
  EXPECT_EQ(picked, (std::vector<uint32_t>{4, 7, 9, 4, 7, 9}));
}

TEST(RoundRobin, begins_where_it_is_told) {
  RoundRobin picker(2);
  const std::vector<uint32_t> candidates = {4, 7, 9};
  EXPECT_EQ(picker.pick(candidates), 9u);
  EXPECT_EQ(picker.pick(candidates), 4u);
}

TEST(RoundRobin, goes_on_from_its_cursor_when_the_candidates_change) {
  RoundRobin picker;
  picker.pick(std::vector<uint32_t>{0, 1, 2});
  picker.pick(std::vector<uint32_t>{0, 1, 2});
  EXPECT_EQ(picker.pick(std::vector<uint32_t>{0, 1, 2, 3}), 2u);
  EXPECT_EQ(picker.pick(std::vector<uint32_t>{5}), 5u);
}

TEST(RoundRobin, stays_in_range_when_the_cursor_wraps) {
  RoundRobin picker(UINT32_MAX);
  const std::vector<uint32_t> candidates = {1, 2, 3};
  for (int i = 0; i < 4; ++i) {
    const uint32_t picked = picker.pick(candidates);
    EXPECT_GE(picked, 1u);
    EXPECT_LE(picked, 3u);
  }
}

model::ForwardAction forward(std::vector<model::WeightedGroup> groups) {
  model::ForwardAction action{.groups = std::move(groups)};
  for (const model::WeightedGroup& group : action.groups) action.weight_total += group.weight;
  return action;
}

TEST(PickGroup, a_single_group_gets_everything) {
  Random random(1);
  const model::ForwardAction action = forward({{.group = 3, .weight = 1}});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pick_group(action, random), 3u);
}

TEST(PickGroup, weight_zero_gets_nothing_wherever_it_stands) {
  Random random(2);
  const model::ForwardAction action = forward({{.group = 0, .weight = 0},
                                               {.group = 1, .weight = 5},
                                               {.group = 2, .weight = 0},
                                               {.group = 3, .weight = 5},
                                               {.group = 4, .weight = 0}});
  for (int i = 0; i < 1000; ++i) {
    const uint32_t group = pick_group(action, random);
    EXPECT_TRUE(group == 1 || group == 3) << group;
  }
}

TEST(PickGroup, shares_follow_the_weights) {
  Random random(3);
  const model::ForwardAction action = forward(
      {{.group = 10, .weight = 999}, {.group = 20, .weight = 1}, {.group = 30, .weight = 500}});
  std::map<uint32_t, int> counts;
  constexpr int draws = 150'000;
  for (int i = 0; i < draws; ++i) ++counts[pick_group(action, random)];
  // Ten standard deviations wide: only a wrong share fails.
  EXPECT_NEAR(counts[10], draws * 999 / 1500, 1850);
  EXPECT_NEAR(counts[20], draws * 1 / 1500, 100);
  EXPECT_NEAR(counts[30], draws * 500 / 1500, 1850);
}

TEST(PickGroupWhere, shares_by_the_weights_of_those_that_can) {
  const model::ForwardAction action{{{0, 60}, {1, 30}, {2, 10}, {3, 0}}, 100};
  Random random(7);
  std::array<int, 4> picked{};
  for (int i = 0; i < 100'000; ++i) {
    ++picked[*pick_group_where(action, random, [](uint32_t group) { return group != 0; })];
  }
  EXPECT_EQ(picked[0], 0);
  EXPECT_NEAR(picked[1], 75'000, 600);
  EXPECT_NEAR(picked[2], 25'000, 600);
  EXPECT_EQ(picked[3], 0);
  EXPECT_FALSE(pick_group_where(action, random, [](uint32_t) { return false; }));
  // A weight of 0 gets nothing, also where nobody else can.
  EXPECT_FALSE(pick_group_where(action, random, [](uint32_t group) { return group == 3; }));
}

}  // namespace
}  // namespace daruma::routing
