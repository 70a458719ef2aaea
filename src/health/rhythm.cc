// SPDX-License-Identifier: Apache-2.0
#include "health/rhythm.h"

#include <algorithm>

namespace daruma::health {

Duration Rhythm::gap(Duration interval) const {
  if (hurried()) return std::min(hurried_gap_, interval);
  return sparing_ ? interval * sparing_intervals : interval;
}

void Rhythm::hurry() {
  if (!hurried()) hurried_gap_ = hurried_interval;
}

void Rhythm::on_failed_again() {
  if (hurried()) hurried_gap_ = return_gap_.next();
}

void Rhythm::on_passed_again() {
  if (hurried()) hurried_gap_ = passing_interval;
}

}  // namespace daruma::health
