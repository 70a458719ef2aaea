// SPDX-License-Identifier: Apache-2.0
#include "health/damping.h"

#include <gtest/gtest.h>

#include <vector>

namespace daruma::health {
namespace {

struct Row {
  Duration after;  // the conviction before
  Duration held;
};

TEST(Damping, holds_longer_each_time_and_forgets_by_table) {
  const std::vector<std::vector<Row>> histories = {
      {{0s, 0s}},
      {{0s, 0s}, {30s, 10s}, {30s, 20s}, {30s, 40s}, {60s, 80s}, {90s, 160s}, {200s, 300s}},
      {{0s, 0s}, {1s, 10s}, {599s, 20s}, {600s, 0s}, {30s, 10s}},
      {{0s, 0s}, {600s, 0s}, {600s, 0s}},
      {{0s, 0s}, {1s, 10s}, {1s, 20s}, {1s, 40s}, {1s, 80s}, {1s, 160s}, {1s, 300s}, {1s, 300s}},
  };
  for (size_t i = 0; i < histories.size(); ++i) {
    Damping damping;
    Instant now = Instant{} + 1h;
    EXPECT_FALSE(damping.holds(now));
    for (size_t j = 0; j < histories[i].size(); ++j) {
      SCOPED_TRACE(testing::Message() << "history " << i << ", conviction " << j);
      now += histories[i][j].after;
      damping.on_convicted(now);
      const Duration held = histories[i][j].held;
      EXPECT_EQ(damping.hold(), held);
      EXPECT_EQ(damping.holds(now), held > 0s);
      EXPECT_FALSE(damping.holds(now + held));
      EXPECT_EQ(damping.holds(now + held * 9 / 10), held > 0s);
    }
  }
}

}  // namespace
}  // namespace daruma::health
