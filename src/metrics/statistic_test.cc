// SPDX-License-Identifier: Apache-2.0
#include "metrics/statistic.h"

#include <gtest/gtest.h>

namespace daruma::metrics {
namespace {

TEST(Statistic, reads_a_point) {
  Point point = Point::of_values(1, 3);
  point.merge(Point::of_values(5, 1));
  EXPECT_EQ(Statistic::of("SampleCount")->value(point), 4);
  EXPECT_EQ(Statistic::of("Sum")->value(point), 8);
  EXPECT_EQ(Statistic::of("Average")->value(point), 2);
  EXPECT_EQ(Statistic::of("Minimum")->value(point), 1);
  EXPECT_EQ(Statistic::of("Maximum")->value(point), 5);
  EXPECT_NEAR(*Statistic::of("p50")->value(point), 1, 0.02);
  EXPECT_NEAR(*Statistic::of("p99.9")->value(point), 5, 0.1);
  EXPECT_TRUE(Statistic::of("p99.9")->is_percentile());
}

TEST(Statistic, refuses_what_is_none) {
  for (const char* name : {"", "p", "p101", "p-1", "pinf", "p9x", "sum", "tm90", "p1e1"}) {
    EXPECT_FALSE(Statistic::of(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace daruma::metrics
