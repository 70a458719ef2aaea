// SPDX-License-Identifier: Apache-2.0
//
// How long after a probe the next one of the same target is due. Pure.
//
//   steady   the group's interval
//   hurried  one second. Its requests fail and nobody is answered: whether it is dead is worth
//            knowing at once, by the same thresholds. So is whether it is back: a quarter of a
//            second, and a tenth more after each failure, up to the interval, so that it is found
//            after a tenth of the time that it was away. Once it passes, a tenth of a second.
//   sparing  four intervals. It is busy: requests show that it lives, and a probe takes one of its
//            places.
#pragma once

#include "base/growing_interval.h"
#include "base/time.h"

namespace daruma::health {

class Rhythm {
 public:
  static constexpr Duration hurried_interval = 1s;
  static constexpr Duration return_interval = 250ms;
  static constexpr Duration passing_interval = 100ms;
  // Further than any interval; growing ends somewhere.
  static constexpr Duration return_interval_most = 10min;
  static constexpr int sparing_intervals = 4;

  Duration gap(Duration interval) const;

  // Stays so until calm().
  void hurry();
  void calm() {
    hurried_gap_ = Duration::zero();
    return_gap_.restart();
  }
  bool hurried() const { return hurried_gap_ > Duration::zero(); }
  // A target that is unhealthy failed or passed once more.
  void on_failed_again();
  void on_passed_again();
  void set_sparing(bool sparing) { sparing_ = sparing; }
  bool sparing() const { return sparing_ && !hurried(); }

 private:
  Duration hurried_gap_{};                                             // zero: not hurried
  GrowingInterval return_gap_{return_interval, return_interval_most};  // after failures
  bool sparing_ = false;
};

}  // namespace daruma::health
