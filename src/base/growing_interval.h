// SPDX-License-Identifier: Apache-2.0
//
// How long to wait before the next try of something that fails: a tenth longer each time, so that
// what is back is found after a tenth of the time that it was away.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace daruma {

class GrowingInterval {
 public:
  // REQUIRES: 0 < least <= most.
  constexpr GrowingInterval(Duration least, Duration most) : least_(least), most_(most) {}

  // `least` at first.
  Duration next() {
    last_ = std::clamp(last_ + last_ / 10, least_, most_);
    return last_;
  }
  void restart() { last_ = Duration::zero(); }

 private:
  Duration least_;
  Duration most_;
  Duration last_{};
};

}  // namespace daruma
