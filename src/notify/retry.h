// SPDX-License-Identifier: Apache-2.0
//
// When to try again what failed: twice as late each time, within bounds. Pure.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace daruma::notify {

class Retry {
 public:
  // REQUIRES: 0 < least <= most.
  constexpr Retry(Duration least, Duration most) : least_(least), most_(most) {}

  bool due(Instant now) const { return now >= at_; }
  Instant at() const { return at_; }
  bool failing() const { return last_ > Duration{}; }

  // `asked_for`: what the other side wants to be left alone for, at least.
  void failed(Instant now, Duration asked_for = {}) {
    last_ = std::clamp(last_ * 2, least_, most_);
    at_ = now + std::max(last_, asked_for);
  }
  void succeeded() {
    last_ = {};
    at_ = {};
  }

 private:
  Duration least_;
  Duration most_;
  Duration last_{};
  Instant at_{};
};

}  // namespace daruma::notify
