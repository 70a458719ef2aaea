// SPDX-License-Identifier: Apache-2.0
//
// Durations in exponential buckets: relative error of a quantile at most 2 %, 1 µs to over an hour.
// One writer, any reader; histograms of several workers add up. The first record() takes 7 KB: one
// per target and worker, so 1,000 targets that 8 workers ask take 57 MB.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "base/time.h"

namespace daruma::telemetry {

class Histogram {
 public:
  // 32 buckets per power of two of microseconds, linear within it: half a bucket is under 2 %.
  static constexpr int sub_bits = 5;
  static constexpr int octaves = 32;
  static constexpr int buckets = (octaves - sub_bits + 1) << sub_bits;

  static int bucket_of(Duration d) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
    if (us < (1 << sub_bits)) return us < 0 ? 0 : static_cast<int>(us);
    const uint64_t value = static_cast<uint64_t>(us);
    const int octave = std::bit_width(value) - 1;
    if (octave >= octaves) return buckets - 1;
    return ((octave - sub_bits + 1) << sub_bits) +
           static_cast<int>((value >> (octave - sub_bits)) & ((1 << sub_bits) - 1));
  }
  // The least duration that falls into the next bucket. (The last bucket also takes everything
  // beyond its bound.) REQUIRES: 0 <= bucket < buckets.
  static Duration upper_bound(int bucket);

  Histogram() = default;
  ~Histogram();
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  // A negative duration counts as zero.
  void record(Duration d) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
    increment(counts()[static_cast<size_t>(bucket_of(d))], 1);
    increment(sum_us_, us < 0 ? 0 : static_cast<uint64_t>(us));
  }
  // Adds what the other one holds. Same thread as record().
  void add(const Histogram& other);
  uint64_t count(int bucket) const {
    const Counts* counts = counts_.load(std::memory_order_acquire);
    return counts ? (*counts)[static_cast<size_t>(bucket)].load(std::memory_order_relaxed) : 0;
  }
  bool empty() const { return counts_.load(std::memory_order_relaxed) == nullptr; }
  uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }

 private:
  using Counts = std::array<std::atomic<uint64_t>, buckets>;

  Counts& counts() {
    Counts* counts = counts_.load(std::memory_order_relaxed);
    return counts ? *counts : make_counts();
  }
  Counts& make_counts();
  static void increment(std::atomic<uint64_t>& value, uint64_t n) {
    value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::atomic<Counts*> counts_{nullptr};  // owned; written once, by the writer
  std::atomic<uint64_t> sum_us_{0};
};

}  // namespace daruma::telemetry
