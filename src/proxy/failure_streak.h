// SPDX-License-Identifier: Apache-2.0
//
// Requests that failed at one target, one after another, as one worker saw them: the target's fault
// each time, and no answer in between. A target that fails is asked once a second whether it still
// does, so that neither its clients nor, while all targets count as unhealthy, those of the others
// pay for it. Pure: told the time.
#pragma once

#include <bit>
#include <cstdint>

#include "base/time.h"

namespace daruma::proxy {

class FailureStreak {
 public:
  static constexpr uint32_t failing_from = 3;
  static constexpr Duration trial_interval = 1s;

  void on_success() { length_ = 0; }
  // True if it is worth telling: the first, and each time that their number has doubled.
  bool on_failure() { return std::has_single_bit(++length_); }
  uint32_t length() const { return length_; }

  bool failing() const { return length_ >= failing_from; }
  // True once per interval.
  bool take_trial(Instant now) {
    if (now < next_trial_) return false;
    next_trial_ = now + trial_interval;
    return true;
  }

 private:
  uint32_t length_ = 0;
  Instant next_trial_{};
};

}  // namespace daruma::proxy
