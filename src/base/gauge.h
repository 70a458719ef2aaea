// SPDX-License-Identifier: Apache-2.0
//
// A number that one thread changes and any thread may read. Relaxed loads and stores, so a change
// costs no locked instruction.
#pragma once

#include <atomic>
#include <cstdint>

namespace daruma {

class Gauge {
 public:
  void add(int64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(int64_t n) { value_.store(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

}  // namespace daruma
