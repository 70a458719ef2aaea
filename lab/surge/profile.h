// SPDX-License-Identifier: Apache-2.0
//
// How many requests a second, over time: a line through points, "0:20,5:20,15:100" (seconds:rate).
// Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace daruma::lab {

class RateProfile {
 public:
  // At least two points, in order of time, the first at 0; rates up to 100,000.
  static Result<RateProfile> parse(std::string_view text);

  // Seconds until so many requests have been due (fractions count); nullopt if there are not as
  // many. REQUIRES: count >= 0.
  std::optional<double> time_of(double count) const;
  double requests() const;  // in all
  double seconds() const { return points_.back().time; }

 private:
  struct Point {
    double time;
    double rate;
  };
  std::vector<Point> points_;
};

}  // namespace daruma::lab
