// SPDX-License-Identifier: Apache-2.0
//
// The newest of many, in memory that is asked for once. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "base/check.h"

namespace daruma::proxy {

template <class T>
class Ring {
 public:
  explicit Ring(size_t most) : most_(most) {
    DARUMA_ASSERT(most > 0);
    slots_.reserve(most);
  }

  // The place for the next one: fresh, or with what the oldest has left there.
  T& next() {
    if (slots_.size() < most_) return slots_.emplace_back();
    T& oldest = slots_[oldest_];
    if (++oldest_ == most_) oldest_ = 0;
    return oldest;
  }

  bool empty() const { return slots_.empty(); }
  size_t size() const { return slots_.size(); }
  size_t most() const { return most_; }
  // REQUIRES: !empty().
  const T& oldest() const { return slots_[oldest_]; }
  // Calls f(entry), the newest first, until it returns false.
  template <class F>
  void for_each(F f) const {
    for (size_t i = slots_.size(); i > 0; --i) {
      if (!f(slots_[(oldest_ + i - 1) % slots_.size()])) return;
    }
  }

 private:
  const size_t most_;
  std::vector<T> slots_;
  size_t oldest_ = 0;
};

}  // namespace daruma::proxy
