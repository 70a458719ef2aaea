// SPDX-License-Identifier: Apache-2.0
//
// The growing share of a target that has just become healthy (AWS: slow_start.duration_seconds):
// t seconds after, it takes t / duration of the turns that round robin offers it, spread evenly, so
// that its share of the requests grows from nothing to that of the others in a straight line. AWS
// publishes no formula but says "linear". Pure: told the time.
#pragma once

#include "base/time.h"

namespace daruma::routing {

class SlowStart {
 public:
  // REQUIRES: duration > 0.
  void begin(Instant now, Duration duration) { *this = {true, now, duration, 0}; }
  // It goes on with another duration, as if it had had it from the beginning.
  void set_duration(Duration duration) { duration_ = duration; }
  void end() { *this = {}; }

  bool active() const { return active_; }
  Instant ends_at() const { return began_ + duration_; }
  // Of a full share, 0 to 1.
  double share(Instant now) const {
    if (!active_ || now >= ends_at()) return 1;
    return std::chrono::duration<double>(now - began_) / duration_;
  }
  // Its turn has come: whether it takes it.
  bool takes_turn(Instant now) {
    if (!active_) return true;
    credit_ += share(now);
    if (credit_ < 1) return false;
    credit_ -= 1;
    return true;
  }

  SlowStart() = default;

 private:
  SlowStart(bool active, Instant began, Duration duration, double credit)
      : active_(active), began_(began), duration_(duration), credit_(credit) {}

  bool active_ = false;
  Instant began_{};
  Duration duration_{};
  double credit_ = 0;  // turns that it may take, less those it took; below 2
};

}  // namespace daruma::routing
