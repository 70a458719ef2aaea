// SPDX-License-Identifier: Apache-2.0
#include "health/damping.h"

#include <algorithm>

namespace daruma::health {

void Damping::on_convicted(Instant now) {
  const bool again = convicted_ != Instant{} && now < convicted_ + memory;
  hold_ = again ? std::clamp(2 * hold_, hold_least, hold_most) : Duration::zero();
  convicted_ = now;
  held_until_ = now + hold_;
}

}  // namespace daruma::health
