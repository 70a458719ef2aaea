// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace daruma {
namespace {

TEST(Random, same_seed_gives_same_run) {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(a.next(), b.next());
}

// Worked out from the published algorithms (splitmix64 to fill the state, then xoshiro256**), so
// that a seed means the same run in every release.
TEST(Random, gives_the_published_sequence) {
  Random random(0);
  EXPECT_EQ(random.next(), 0x99ec5f36cb75f2b4u);
  EXPECT_EQ(random.next(), 0xbf6e1f784956452au);
  EXPECT_EQ(random.next(), 0x1a5f849d4933e6e0u);
}

TEST(Random, neighbouring_seeds_differ) {
  std::set<uint64_t> first;
  for (uint64_t seed = 0; seed < 1000; ++seed) first.insert(Random(seed).next());
  EXPECT_EQ(first.size(), 1000u);
}

TEST(Random, below_stays_in_range_and_is_even) {
  Random random(1);
  constexpr int draws = 60000;
  std::array<int, 6> counts{};
  for (int i = 0; i < draws; ++i) {
    const uint64_t face = random.below(counts.size());
    ASSERT_LT(face, counts.size());
    ++counts[face];
  }
  // Five standard deviations: sqrt(60000 * 1/6 * 5/6) is 91.
  for (const int count : counts) EXPECT_NEAR(count, draws / 6, 5 * 91);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, chance_matches_its_ratio) {
  Random random(2);
  int hits = 0;
  for (int i = 0; i < 40000; ++i) hits += random.chance(1, 4) ? 1 : 0;
  EXPECT_NEAR(hits, 10000, 5 * 87);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(random.chance(0, 3));
    EXPECT_TRUE(random.chance(3, 3));
  }
}

TEST(RandomDeathTest, refuses_an_empty_range) {
  Random random(3);
  EXPECT_DEATH((void)random.below(0), "bound > 0");
}

}  // namespace
}  // namespace daruma
