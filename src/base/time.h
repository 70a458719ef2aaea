// SPDX-License-Identifier: Apache-2.0
//
// Time as values. Only io::Loop can tell what time it is; everybody else is told.
#pragma once

#include <chrono>
#include <cstdint>

namespace daruma {

using namespace std::chrono_literals;
using Duration = std::chrono::nanoseconds;

// Has no now(): a moment comes from io::Loop::now().
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, duration>;
  static constexpr bool is_steady = true;
};

using Instant = MonotonicClock::time_point;                         // ordered, never jumps
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;  // what people read; may jump

inline constexpr Instant never = Instant::max();

inline double seconds_of(Duration d) {
  return std::chrono::duration<double>(d).count();
}

// Whole seconds since 1970-01-01T00:00:00Z.
constexpr int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace daruma
