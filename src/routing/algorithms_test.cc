// SPDX-License-Identifier: Apache-2.0
//
// Shares of the algorithms over 100,000 picks, and what they keep while the candidates change.
// Bounds are five standard deviations wide: only a wrong share fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <vector>

#include "routing/slow_start.h"
#include "routing/target_picker.h"

namespace daruma::routing {
namespace {

constexpr int picks = 100'000;
const std::vector<uint32_t> five = {0, 1, 2, 3, 4};

double five_sigmas(double share) {
  return 5 * std::sqrt(picks * share * (1 - share));
}

TEST(Shares, round_robin_deals_exactly) {
  RoundRobin picker(3);
  std::array<int, 5> counts{};
  for (int i = 0; i < picks; ++i) ++counts[picker.pick(five)];
  for (const int count : counts) EXPECT_EQ(count, picks / 5);
}

TEST(Shares, weighted_random_is_even_and_in_no_order) {
  Random random(1);
  std::array<int, 5> counts{};
  int repeated = 0;
  uint32_t before = 0;
  for (int i = 0; i < picks; ++i) {
    const uint32_t picked = pick_by_weight(five, random, [](uint32_t) { return full_weight; });
    ++counts[picked];
    repeated += picked == std::exchange(before, picked);
  }
  for (const int count : counts) EXPECT_NEAR(count, picks / 5, five_sigmas(0.2));
  EXPECT_NEAR(repeated, picks / 5, five_sigmas(0.2));
}

TEST(Shares, weighted_random_follows_the_weights) {
  constexpr std::array<uint32_t, 5> weights = {1000, 500, 100, 1000, 0};
  const auto weight = [&weights](uint32_t i) { return weights[i]; };
  Random random(2);
  std::array<int, 5> counts{}, at_once{};
  for (int i = 0; i < picks; ++i) {
    ++counts[pick_by_weight(five, random, weight)];
    ++at_once[*pick_by_weight_once(five, 32, random, weight)];
  }
  for (size_t i = 0; i < five.size(); ++i) {
    const double share = weights[i] / 2600.0;
    EXPECT_NEAR(counts[i], picks * share, five_sigmas(share)) << i;
    EXPECT_NEAR(at_once[i], picks * share, five_sigmas(share)) << i;
  }
}

TEST(Shares, weighted_random_where_all_weigh_little_still_picks) {
  Random random(3);
  EXPECT_LT(pick_by_weight(five, random, [](uint32_t) { return 0u; }), 5u);
  EXPECT_FALSE(pick_by_weight_once(five, 32, random, [](uint32_t) { return 0u; }));
}

TEST(Shares, weighted_random_looks_at_no_more_than_it_may) {
  std::vector<uint32_t> many(1000);
  for (uint32_t i = 0; i < many.size(); ++i) many[i] = i;
  Random random(4);
  std::vector<int> counts(many.size());
  int looks = 0;
  for (int i = 0; i < picks; ++i) {
    ++counts[*pick_by_weight_once(many, 32, random, [&looks](uint32_t) {
      ++looks;
      return full_weight;
    })];
  }
  EXPECT_EQ(looks, picks * 32);
  EXPECT_GT(*std::ranges::min_element(counts), 30);  // 100 each on average
  EXPECT_LT(*std::ranges::max_element(counts), 200);
}

TEST(LeastOutstanding, chooses_the_fewest_and_lets_equals_take_turns) {
  LeastOutstanding picker;
  const std::vector<uint32_t> loads = {3, 1, 2, 1, 5};
  const auto load = [&loads](uint32_t i) { return loads[i]; };
  std::array<int, 5> counts{};
  for (int i = 0; i < picks; ++i) ++counts[*picker.pick(five, 32, load)];
  EXPECT_EQ(counts, (std::array<int, 5>{0, picks / 2, 0, picks / 2, 0}));
}

TEST(LeastOutstanding, idle_targets_take_turns) {
  LeastOutstanding picker(2);
  std::vector<uint32_t> picked;
  for (int i = 0; i < 6; ++i) picked.push_back(*picker.pick(five, 32, [](uint32_t) { return 0u; }));
  EXPECT_EQ(picked, (std::vector<uint32_t>{2, 3, 4, 0, 1, 2}));
}

TEST(LeastOutstanding, passes_over_those_that_cannot) {
  LeastOutstanding picker;
  const auto only_3 = [](uint32_t i) { return i == 3 ? 7u : LeastOutstanding::cannot; };
  EXPECT_EQ(picker.pick(five, 32, only_3), 3u);
  EXPECT_FALSE(picker.pick(five, 32, [](uint32_t) { return LeastOutstanding::cannot; }));
}

// Requests stay outstanding for times in proportion to a target's slowness: in the long run each
// gets as many as it finishes, and none ever has two more than another.
TEST(Shares, least_outstanding_keeps_the_counts_level) {
  constexpr std::array<int, 5> answers_after = {10, 20, 40, 40, 80};
  LeastOutstanding picker;
  std::array<uint32_t, 5> outstanding{};
  std::array<std::deque<int>, 5> ends;
  std::array<int, 5> counts{};
  uint32_t widest = 0;
  for (int now = 0; now < picks; ++now) {
    for (size_t i = 0; i < 5; ++i) {
      while (!ends[i].empty() && ends[i].front() <= now) {
        ends[i].pop_front();
        --outstanding[i];
      }
    }
    const uint32_t picked = *picker.pick(five, 32, [&](uint32_t i) { return outstanding[i]; });
    const auto least = *std::ranges::min_element(outstanding);
    widest = std::max(widest, outstanding[picked] - least);
    ++outstanding[picked];
    ++counts[picked];
    ends[picked].push_back(now + answers_after[picked]);
  }
  EXPECT_EQ(widest, 0u);
  double rates = 0;
  for (const int after : answers_after) rates += 1.0 / after;
  for (size_t i = 0; i < 5; ++i) {
    const double share = 1.0 / answers_after[i] / rates;
    EXPECT_NEAR(counts[i], picks * share, picks * share * 0.1) << i;
  }
}

TEST(LeastOutstanding, of_many_looks_at_those_next_in_turn) {
  std::vector<uint32_t> many(1000);
  for (uint32_t i = 0; i < many.size(); ++i) many[i] = i;
  LeastOutstanding picker;
  std::vector<uint32_t> outstanding(many.size());
  for (int i = 0; i < picks; ++i)
    ++outstanding[*picker.pick(many, 32, [&](uint32_t t) { return outstanding[t]; })];
  EXPECT_EQ(*std::ranges::min_element(outstanding), 100u);
  EXPECT_EQ(*std::ranges::max_element(outstanding), 100u);
}

// An unrelated change leaves every cursor where it is; a change of the candidates moves nobody's
// turn by more than the change itself.
TEST(Shares, survive_changes_of_the_candidates) {
  Random random(5);
  RoundRobin round_robin;
  LeastOutstanding least;
  std::array<int, 5> dealt{}, led{};
  std::array<double, 5> due{};
  for (int i = 0; i < picks; ++i) {
    std::vector<uint32_t> candidates = five;
    if (random.chance(1, 100)) candidates.erase(candidates.begin() + random.below(5));
    for (const uint32_t each : candidates)
      due[each] += 1.0 / static_cast<double>(candidates.size());
    ++dealt[round_robin.pick(candidates)];
    ++led[*least.pick(candidates, 32, [](uint32_t) { return 0u; })];
  }
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(dealt[i], due[i], five_sigmas(0.2)) << i;
    EXPECT_NEAR(led[i], due[i], five_sigmas(0.2)) << i;
  }
}

TEST(SlowStart, grows_in_a_straight_line) {
  SlowStart slow;
  const Instant began = Instant{} + 100s;
  slow.begin(began, 30s);
  EXPECT_TRUE(slow.active());
  EXPECT_EQ(slow.share(began), 0);
  EXPECT_NEAR(slow.share(began + 15s), 0.5, 1e-9);
  EXPECT_EQ(slow.share(began + 30s), 1);
  // A turn each 10 ms; per tenth of the time it takes 5 %, 15 %, … of them.
  for (int tenth = 0; tenth < 10; ++tenth) {
    int taken = 0;
    for (int i = 0; i < 300; ++i) taken += slow.takes_turn(began + tenth * 3s + i * 10ms);
    EXPECT_NEAR(taken, 300 * (0.1 * tenth + 0.05), 2) << tenth;
  }
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += slow.takes_turn(began + 30s);
  EXPECT_GE(taken, 99);
}

TEST(SlowStart, goes_on_with_another_duration_and_ends) {
  SlowStart slow;
  EXPECT_TRUE(slow.takes_turn(Instant{}));
  slow.begin(Instant{}, 100s);
  slow.set_duration(50s);
  EXPECT_NEAR(slow.share(Instant{} + 25s), 0.5, 1e-9);
  EXPECT_EQ(slow.ends_at(), Instant{} + 50s);
  slow.end();
  EXPECT_FALSE(slow.active());
  EXPECT_EQ(slow.share(Instant{} + 1s), 1);
}

}  // namespace
}  // namespace daruma::routing
