// SPDX-License-Identifier: Apache-2.0
#include "metrics/point.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "telemetry/histogram.h"

namespace daruma::metrics {
namespace {

TEST(Distribution, reads_back_within_two_percent) {
  for (const double value : {1e-9, 3.3e-5, 0.001, 0.0123, 1.0, 59.999, 12345.678, 9e14, -0.25}) {
    const double back = Distribution::middle_of(Distribution::index_of(value));
    EXPECT_LE(std::abs(back - value), std::abs(value) * 0.02) << value;
  }
  EXPECT_EQ(Distribution::middle_of(Distribution::index_of(0)), 0);
}

TEST(Distribution, orders_values_as_they_are) {
  const std::vector<double> values{-10, -0.5, 0, 1e-6, 0.5, 0.6, 1, 2, 1e9};
  for (size_t i = 1; i < values.size(); ++i) {
    EXPECT_LT(Distribution::index_of(values[i - 1]), Distribution::index_of(values[i]));
  }
}

// So a latency is off once, not twice.
TEST(Distribution, has_the_buckets_of_the_workers_histogram) {
  for (int bucket = 32; bucket < telemetry::Histogram::buckets - 1; ++bucket) {
    const double low = seconds_of(telemetry::Histogram::upper_bound(bucket - 1));
    const double high = seconds_of(telemetry::Histogram::upper_bound(bucket));
    const double middle = Distribution::middle_of(Distribution::index_of((low + high) / 2));
    EXPECT_GT(middle, low) << bucket;
    EXPECT_LT(middle, high) << bucket;
  }
}

TEST(Point, merges_as_if_it_had_been_one) {
  Random random(7);
  Point all;
  Point first;
  Point second;
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) {
    const double value = 0.001 * static_cast<double>(random.below(5000) + 1);
    values.push_back(value);
    all.merge(Point::of_values(value, 1));
    (i % 3 == 0 ? first : second).merge(Point::of_values(value, 1));
  }
  first.merge(second);
  EXPECT_EQ(first.distribution, all.distribution);
  EXPECT_EQ(first.count, 1000);
  EXPECT_EQ(first.minimum, all.minimum);
  EXPECT_EQ(first.maximum, all.maximum);
  EXPECT_NEAR(first.sum, all.sum, 1e-9);
  std::ranges::sort(values);
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<size_t>(std::ceil(percent * 10)) - 1;
    const double exact = values[std::min<size_t>(rank, 999)];
    EXPECT_NEAR(*first.percentile(percent), exact, exact * 0.02) << percent;
  }
}

TEST(Point, knows_no_percentile_without_a_distribution) {
  Point point = Point::of_sample(1);
  EXPECT_EQ(point.percentile(99), 1);
  point.merge(Point::of_sample(5));
  EXPECT_EQ(point.percentile(99), std::nullopt);
  EXPECT_EQ(Point().percentile(50), std::nullopt);
}

TEST(Point, of_events_averages_to_one) {
  Point point = Point::of_events(3);
  point.merge(Point::of_events(4));
  EXPECT_EQ(point, Point::of_events(7));
}

}  // namespace
}  // namespace daruma::metrics
