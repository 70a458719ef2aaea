// SPDX-License-Identifier: Apache-2.0
//
// CloudWatch's statistics of a point: SampleCount, Sum, Average, Minimum, Maximum, and percentiles
// as "p99" or "p99.9". Pure.
#pragma once

#include <optional>
#include <string_view>

#include "metrics/point.h"

namespace daruma::metrics {

class Statistic {
 public:
  // nullopt: no statistic of this release. Trimmed means (tm) and their like are not.
  static std::optional<Statistic> of(std::string_view name);

  bool is_percentile() const { return kind_ == Kind::percentile; }
  // nullopt: not known of this point (a percentile without distribution).
  std::optional<double> value(const Point& point) const;

 private:
  enum class Kind : uint8_t { sample_count, sum, average, minimum, maximum, percentile };
  explicit Statistic(Kind kind, double percent = 0) : kind_(kind), percent_(percent) {}
  Kind kind_;
  double percent_;
};

}  // namespace daruma::metrics
