// SPDX-License-Identifier: Apache-2.0
#include "metrics/point.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace daruma::metrics {
namespace {

constexpr int sub_buckets = 32;
constexpr double scale = 1e6;
// The exponents of doubles, moved to be positive: 0 stands for the value 0.
constexpr int exponent_offset = 1100;

}  // namespace

int32_t Distribution::index_of(double value) {
  const double size = std::abs(value) * scale;
  if (!(size > 0)) return 0;
  int exponent = 0;
  const double mantissa = std::frexp(std::min(size, 1e300), &exponent);  // [0.5, 1)
  const int sub = static_cast<int>((mantissa * 2 - 1) * sub_buckets);
  const int32_t index = (exponent + exponent_offset) * sub_buckets + sub + 1;
  return value < 0 ? -index : index;
}

double Distribution::middle_of(int32_t index) {
  if (index == 0) return 0;
  const int32_t place = std::abs(index) - 1;
  const int exponent = place / sub_buckets - exponent_offset;
  const double sub = place % sub_buckets + 0.5;
  const double size = std::ldexp((1 + sub / sub_buckets) / 2, exponent) / scale;
  return index < 0 ? -size : size;
}

void Distribution::add(double value, uint64_t count) {
  if (count == 0) return;
  const int32_t index = index_of(value);
  const auto place = std::ranges::lower_bound(buckets_, index, {}, &Bucket::index);
  if (place != buckets_.end() && place->index == index) {
    place->count += count;
  } else {
    buckets_.insert(place, {index, count});
  }
}

void Distribution::merge(const Distribution& other) {
  if (other.empty()) return;
  std::vector<Bucket> merged;
  merged.reserve(buckets_.size() + other.buckets_.size());
  auto mine = buckets_.begin();
  for (const Bucket& theirs : other.buckets_) {
    while (mine != buckets_.end() && mine->index < theirs.index) merged.push_back(*mine++);
    merged.push_back(theirs);
    if (mine != buckets_.end() && mine->index == theirs.index)
      merged.back().count += (mine++)->count;
  }
  merged.insert(merged.end(), mine, buckets_.end());
  buckets_ = std::move(merged);
}

uint64_t Distribution::count() const {
  uint64_t count = 0;
  for (const Bucket& bucket : buckets_) count += bucket.count;
  return count;
}

double Distribution::quantile(double part) const {
  DARUMA_ASSERT(!empty());
  const double rank = std::max(1.0, std::ceil(part * static_cast<double>(count()) - 1e-9));
  double seen = 0;
  for (const Bucket& bucket : buckets_) {
    seen += static_cast<double>(bucket.count);
    if (seen >= rank) return middle_of(bucket.index);
  }
  return middle_of(buckets_.back().index);
}

Point Point::of_values(double value, uint64_t times) {
  const auto n = static_cast<double>(times);
  Point point{{}, value * n, n, value, value, {}};
  point.distribution.add(value, times);
  return point;
}

void Point::merge(const Point& other) {
  if (other.count == 0) return;
  if (count == 0) {
    const WallTime kept = start;
    *this = other;
    start = kept;
    return;
  }
  if (distribution.empty() || other.distribution.empty()) {
    distribution = {};
  } else {
    distribution.merge(other.distribution);
  }
  sum += other.sum;
  count += other.count;
  minimum = std::min(minimum, other.minimum);
  maximum = std::max(maximum, other.maximum);
}

std::optional<double> Point::percentile(double percent) const {
  if (count == 0) return std::nullopt;
  if (minimum == maximum) return minimum;
  if (distribution.empty()) return std::nullopt;
  return std::clamp(distribution.quantile(percent / 100), minimum, maximum);
}

}  // namespace daruma::metrics
