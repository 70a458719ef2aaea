// SPDX-License-Identifier: Apache-2.0
#include "base/growing_interval.h"

#include <gtest/gtest.h>

namespace daruma {
namespace {

TEST(GrowingInterval, is_a_tenth_longer_each_time_up_to_the_most) {
  GrowingInterval interval(100ms, 130ms);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(interval.next(), 100ms);
    EXPECT_EQ(interval.next(), 110ms);
    EXPECT_EQ(interval.next(), 121ms);
    EXPECT_EQ(interval.next(), 130ms);
    EXPECT_EQ(interval.next(), 130ms);
    interval.restart();
  }
}

}  // namespace
}  // namespace daruma
