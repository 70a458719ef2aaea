// SPDX-License-Identifier: Apache-2.0
#include "profile.h"

#include <charconv>
#include <cmath>
#include <string>

namespace daruma::lab {
namespace {

constexpr double rate_max = 100'000;

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// Seconds into a piece of `length` seconds that begins with `rate` and gains `slope` a second until
// `count` requests have been due.
double time_within(double rate, double slope, double count) {
  // The root of rate·x + slope·x²/2 = count, in the form that survives slope = 0.
  const double root = std::sqrt(std::max(0.0, rate * rate + 2 * slope * count));
  return count == 0 ? 0 : 2 * count / (rate + root);
}

}  // namespace

Result<RateProfile> RateProfile::parse(std::string_view text) {
  RateProfile profile;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    const size_t colon = piece.find(':');
    const auto time = number_in(piece.substr(0, colon));
    const auto rate =
        colon == std::string_view::npos ? std::nullopt : number_in(piece.substr(colon + 1));
    if (!time || !rate || *rate < 0 || *rate > rate_max)
      return fail("'" + std::string(piece) + "' is not SECONDS:RATE with a rate of 0 to 100000");
    if (profile.points_.empty() ? *time != 0 : *time < profile.points_.back().time)
      return fail("'" + std::string(piece) + "': times begin with 0 and do not go back");
    profile.points_.push_back({*time, *rate});
  }
  if (profile.points_.size() < 2)
    return fail("a profile needs two points at least, such as 0:20,30:20");
  return profile;
}

std::optional<double> RateProfile::time_of(double count) const {
  for (size_t i = 1; i < points_.size(); ++i) {
    const Point& begin = points_[i - 1];
    const Point& end = points_[i];
    const double length = end.time - begin.time;
    const double due = length * (begin.rate + end.rate) / 2;
    if (count < due)
      return begin.time + time_within(begin.rate, (end.rate - begin.rate) / length, count);
    count -= due;
  }
  return std::nullopt;
}

double RateProfile::requests() const {
  double sum = 0;
  for (size_t i = 1; i < points_.size(); ++i)
    sum += (points_[i].time - points_[i - 1].time) * (points_[i].rate + points_[i - 1].rate) / 2;
  return sum;
}

}  // namespace daruma::lab
