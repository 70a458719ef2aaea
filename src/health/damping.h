// SPDX-License-Identifier: Apache-2.0
//
// How long a target that flips again and again is kept out: not at all the first time, then 10 s,
// 20 s, 40 s … up to five minutes. Ten minutes without a conviction, and all is forgotten. Pure:
// told the time.
#pragma once

#include "base/time.h"

namespace daruma::health {

class Damping {
 public:
  static constexpr Duration hold_least = 10s;
  static constexpr Duration hold_most = 5min;
  static constexpr Duration memory = 10min;

  // The target, healthy until now, is unhealthy.
  void on_convicted(Instant now);
  bool holds(Instant now) const { return now < held_until_; }
  // How long it was kept out when it was convicted last.
  Duration hold() const { return hold_; }

 private:
  Instant convicted_{};  // last; the zero instant: never
  Instant held_until_{};
  Duration hold_{};
};

}  // namespace daruma::health
