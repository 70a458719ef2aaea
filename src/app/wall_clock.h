// SPDX-License-Identifier: Apache-2.0
//
// The system's wall clock, for what has no loop to ask.
#pragma once

#include <chrono>

#include "base/time.h"

namespace daruma::app {

inline WallTime system_wall_now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

}  // namespace daruma::app
