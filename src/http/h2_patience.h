// SPDX-License-Identifier: Apache-2.0
//
// How much a peer may do that costs us and brings it nothing: so much at once, and more as time
// passes or as it does something useful. Pure. Part of h2_session.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace daruma::http {

class H2Patience {
 public:
  struct Limits {
    uint32_t burst;
    uint32_t per_second;
  };
  explicit H2Patience(const Limits& limits) : limits_(limits), left_(limits.burst) {}

  // False: there is none left.
  bool spend(Instant now) {
    refill(now);
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  void earn(uint32_t points) { left_ = std::min(left_ + points, limits_.burst); }

 private:
  // In whole points; what is left over of the time counts later.
  void refill(Instant now) {
    const Duration point = Duration(1s) / limits_.per_second;
    if (now - since_ < point) return;
    const auto points = (now - since_) / point;
    earn(static_cast<uint32_t>(std::min<int64_t>(points, limits_.burst)));
    since_ += points * point;
  }

  Limits limits_;
  uint32_t left_;
  Instant since_{};
};

}  // namespace daruma::http
