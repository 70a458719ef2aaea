// SPDX-License-Identifier: Apache-2.0
//
// What metric math does to values. A period for which nothing can be computed (one side has none, a
// division by zero) has no value afterwards. Pure.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "metrics/expression.h"

namespace daruma::metrics {

MathValue mapped(const MathValue& value, const std::function<double(double)>& f);
// Numbers with series, series with series period by period, lists with either. Two lists: an error.
Result<MathValue> combined(const MathValue& left, const MathValue& right,
                           double (*compute)(double, double));

struct Filling {
  enum class How : uint8_t { value, repeat, linear };
  WallTime from;
  WallTime to;
  Seconds period{60};
  How how = How::value;
  double value = 0;
};
MathValue filled(const MathValue& value, const Filling& filling);

// All functions but METRICS, SEARCH and FILL.
Result<MathValue> apply(std::string_view function, std::span<const MathValue> arguments,
                        const MathContext& context);

}  // namespace daruma::metrics
