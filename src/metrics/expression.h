// SPDX-License-Identifier: Apache-2.0
//
// CloudWatch's metric math ("Using math expressions with CloudWatch metrics"): numbers, series and
// lists of series, + - * / ^, comparisons, AND OR, and the functions that docs/metrics.md lists.
// Bounded in length and depth. Pure; SEARCH asks its caller.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/time_series.h"

namespace daruma::metrics {

// A value of each period that has one, by the period's start.
struct Line {
  std::string label;
  std::map<WallTime, double> values;
};
using Lines = std::vector<Line>;

// What an expression comes to: one number, one series, or several.
using MathValue = std::variant<double, Line, Lines>;

struct MathContext {
  // What ids stand for; those of metrics themselves, for METRICS().
  std::map<std::string, MathValue> values;
  std::vector<std::string> metric_ids;
  // The periods asked for: FILL fills these.
  WallTime from;  // start of the first
  WallTime to;
  Seconds period{60};
  // SEARCH(what, statistic, period).
  std::function<Result<Lines>(const std::string& what, const std::string& statistic,
                              Seconds period)>
      search;
};

inline constexpr size_t expression_bytes_max = 2048;

// Fails with the place and the reason.
Result<MathValue> evaluate(std::string_view expression, const MathContext& context);

// The series of a value after the others; false: it is a number.
bool append(Lines& lines, const MathValue& value);

// The ids that an expression names, so that they can be evaluated first.
std::vector<std::string> ids_in(std::string_view expression);

}  // namespace daruma::metrics
