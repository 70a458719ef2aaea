// SPDX-License-Identifier: Apache-2.0
//
// The time, for threads without a loop.
#pragma once

#include <functional>

#include "base/time.h"

namespace daruma::notify {

struct Clocks {
  std::function<Instant()> now;
  std::function<WallTime()> wall_now;
};

// Until when something may take.
struct Deadline {
  std::function<Instant()> now;
  Instant at{};

  Duration left() const { return at - now(); }
};

}  // namespace daruma::notify
