// SPDX-License-Identifier: Apache-2.0
#include "metrics/statistic.h"

#include <algorithm>
#include <charconv>

namespace daruma::metrics {

std::optional<Statistic> Statistic::of(std::string_view name) {
  if (name == "SampleCount") return Statistic(Kind::sample_count);
  if (name == "Sum") return Statistic(Kind::sum);
  if (name == "Average") return Statistic(Kind::average);
  if (name == "Minimum") return Statistic(Kind::minimum);
  if (name == "Maximum") return Statistic(Kind::maximum);
  if (!name.starts_with('p')) return std::nullopt;
  const std::string_view digits = name.substr(1);
  const bool plain =
      std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  double percent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  if (!plain || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (percent < 0 || percent > 100) return std::nullopt;
  return Statistic(Kind::percentile, percent);
}

std::optional<double> Statistic::value(const Point& point) const {
  switch (kind_) {
    case Kind::sample_count:
      return point.count;
    case Kind::sum:
      return point.sum;
    case Kind::average:
      return point.count == 0 ? std::nullopt : std::optional(point.sum / point.count);
    case Kind::minimum:
      return point.minimum;
    case Kind::maximum:
      return point.maximum;
    case Kind::percentile:
      return point.percentile(percent_);
  }
  return std::nullopt;
}

}  // namespace daruma::metrics
