// SPDX-License-Identifier: Apache-2.0
//
// The system's clocks, for what has no loop to ask.
#pragma once

#include <chrono>

#include "base/time.h"

namespace daruma::app {

inline Instant system_now() {
  return Instant(
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

inline WallTime system_wall_now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

}  // namespace daruma::app
