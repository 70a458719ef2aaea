// SPDX-License-Identifier: Apache-2.0
//
// How long an answer took, as far as it is known: a loop that was busy may have found it late. Not
// more than `least` may be held against the target; not less than `most` is what it can do.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace daruma::model {

struct AnswerTime {
  // `behind`: io::Loop::behind(), which may be more than it took.
  static AnswerTime found_after(Duration took, Duration behind) {
    return {.least = std::max(took - behind, Duration::zero()), .most = took};
  }
  AnswerTime& operator+=(const AnswerTime& other) {
    least += other.least;
    most += other.most;
    return *this;
  }
  friend AnswerTime operator-(const AnswerTime& a, const AnswerTime& b) {
    return {.least = a.least - b.least, .most = a.most - b.most};
  }
  // Of the sum of so many: the mean. Sooner than the clock can tell; none at all would mean that it
  // is not known.
  AnswerTime mean_of(uint32_t answers) const {
    if (answers == 0) return {};
    return {.least = least / answers, .most = std::max(most / answers, Duration(1))};
  }

  Duration least{};
  Duration most{};
};

// What counts as usual after so many more answers, where nothing points to a busy target: downwards
// at once, by what it is sure to have done, and upwards by little. 0: not known yet.
inline Duration usual_after(Duration usual, const AnswerTime& mean) {
  constexpr int drift = 64;
  if (usual == Duration::zero() || mean.most < usual) return mean.most;
  return mean.least > usual ? usual + (mean.least - usual) / drift : usual;
}

}  // namespace daruma::model
