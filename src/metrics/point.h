// SPDX-License-Identifier: Apache-2.0
//
// What was measured within one period: sum, number, least and greatest of the samples, and for
// latencies (and what PutMetricData gives) how they are distributed. Points of equal periods of
// several nodes, and of consecutive periods, merge. Values. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace daruma::metrics {

// Samples by size, 32 buckets to each power of two (of a millionth of the unit): what is read back
// is off by at most 1/64, under 2 %. For seconds the buckets are telemetry::Histogram's.
class Distribution {
 public:
  struct Bucket {
    int32_t index = 0;
    uint64_t count = 0;
    bool operator==(const Bucket&) const = default;
  };

  static int32_t index_of(double value);
  static double middle_of(int32_t index);

  void add(double value, uint64_t count = 1);
  void merge(const Distribution& other);
  bool empty() const { return buckets_.empty(); }
  uint64_t count() const;
  // Ascending, no count of 0.
  const std::vector<Bucket>& buckets() const { return buckets_; }
  // REQUIRES: ascending indices.
  void append(int32_t index, uint64_t count) { buckets_.push_back({index, count}); }
  // The sample that `part` of all (0 to 1) do not exceed. REQUIRES: not empty.
  double quantile(double part) const;

  bool operator==(const Distribution&) const = default;

 private:
  std::vector<Bucket> buckets_;
};

struct Point {
  WallTime start{};  // of the period
  double sum = 0;
  double count = 0;  // CloudWatch's SampleCount; of events, how many there were. 0: no samples
  double minimum = 0;
  double maximum = 0;
  Distribution distribution{};  // empty: percentiles are known only where all samples are equal

  // `n` events, each a sample of 1, as an ALB reports RequestCount.
  static Point of_events(double n) { return {{}, n, n, 1, 1, {}}; }
  static Point of_sample(double value) { return {{}, value, 1, value, value, {}}; }
  // With a distribution.
  static Point of_values(double value, uint64_t times);

  // Its start stays. A distribution that only one of them has is lost.
  void merge(const Point& other);
  // 0 < percent <= 100; nullopt if it is not known.
  std::optional<double> percentile(double percent) const;

  bool operator==(const Point&) const = default;
};

}  // namespace daruma::metrics
