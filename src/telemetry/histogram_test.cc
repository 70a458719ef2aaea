// SPDX-License-Identifier: Apache-2.0
#include "telemetry/histogram.h"

#include <gtest/gtest.h>

namespace daruma::telemetry {
namespace {

TEST(Histogram, files_durations_in_buckets) {
  struct Row {
    Duration duration;
    int bucket;
  };
  const Row rows[] = {
      {-1us, 0},           {0us, 0},    {999ns, 0},  {1us, 1},
      {31us, 31},          {32us, 32},  {63us, 63},  {64us, 64},
      {65us, 64},          {66us, 65},  {127us, 95}, {128us, 96},
      {131us, 96},         {132us, 97}, {2h, 895},   {4294967295us, 895},
      {4294967296us, 895},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Histogram::bucket_of(row.duration), row.bucket) << row.duration.count() << " ns";
  }
}

TEST(Histogram, upper_bound_is_where_the_next_bucket_begins) {
  for (int bucket = 0; bucket < Histogram::buckets - 1; ++bucket) {
    const Duration bound = Histogram::upper_bound(bucket);
    ASSERT_EQ(Histogram::bucket_of(bound - 1us), bucket);
    ASSERT_EQ(Histogram::bucket_of(bound), bucket + 1);
  }
  EXPECT_EQ(Histogram::upper_bound(Histogram::buckets - 1), 4294967296us);
}

TEST(Histogram, half_a_bucket_is_under_two_percent) {
  for (int bucket = 1 << Histogram::sub_bits; bucket < Histogram::buckets; ++bucket) {
    const double low = seconds_of(Histogram::upper_bound(bucket - 1));
    const double high = seconds_of(Histogram::upper_bound(bucket));
    ASSERT_LT((high - low) / 2 / low, 0.02) << bucket;
  }
}

TEST(Histogram, records_count_and_sum) {
  Histogram histogram;
  histogram.record(100us);
  histogram.record(100us);
  histogram.record(1500us);
  histogram.record(-5us);
  EXPECT_EQ(histogram.count(Histogram::bucket_of(100us)), 2u);
  EXPECT_EQ(histogram.count(Histogram::bucket_of(1500us)), 1u);
  EXPECT_EQ(histogram.count(0), 1u);
  EXPECT_EQ(histogram.sum_us(), 1700u);
}

TEST(Histogram, is_small_while_it_is_empty) {
  Histogram empty;
  EXPECT_LE(sizeof empty, 64u);
  EXPECT_EQ(empty.count(0), 0u);
  EXPECT_EQ(empty.sum_us(), 0u);
}

TEST(Histogram, adds_up) {
  Histogram one;
  Histogram other;
  one.add(other);
  EXPECT_EQ(one.count(10), 0u);
  one.record(10us);
  other.record(10us);
  other.record(1s);
  one.add(other);
  EXPECT_EQ(one.count(10), 2u);
  EXPECT_EQ(one.count(Histogram::bucket_of(1s)), 1u);
  EXPECT_EQ(one.sum_us(), 1'000'020u);
}

}  // namespace
}  // namespace daruma::telemetry
