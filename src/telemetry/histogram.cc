// SPDX-License-Identifier: Apache-2.0
#include "telemetry/histogram.h"

#include "base/check.h"

namespace daruma::telemetry {

Histogram::~Histogram() {
  delete counts_.load(std::memory_order_relaxed);
}

Histogram::Counts& Histogram::make_counts() {
  auto* counts = new Counts{};
  counts_.store(counts, std::memory_order_release);
  return *counts;
}

Duration Histogram::upper_bound(int bucket) {
  DARUMA_ASSERT(bucket >= 0 && bucket < buckets);
  constexpr int64_t subs = 1 << sub_bits;
  if (bucket < subs) return std::chrono::microseconds(bucket + 1);
  const int shift = (bucket >> sub_bits) - 1;
  return std::chrono::microseconds((subs + (bucket & (subs - 1)) + 1) << shift);
}

void Histogram::add(const Histogram& other) {
  if (other.empty()) return;
  for (int bucket = 0; bucket < buckets; ++bucket) {
    const uint64_t n = other.count(bucket);
    if (n != 0) increment(counts()[static_cast<size_t>(bucket)], n);
  }
  increment(sum_us_, other.sum_us());
}

}  // namespace daruma::telemetry
