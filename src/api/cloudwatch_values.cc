// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace daruma::api::cloudwatch {
namespace {

using metrics::Seconds;

constexpr std::string_view units[] = {"Seconds",
                                      "Microseconds",
                                      "Milliseconds",
                                      "Bytes",
                                      "Kilobytes",
                                      "Megabytes",
                                      "Gigabytes",
                                      "Terabytes",
                                      "Bits",
                                      "Kilobits",
                                      "Megabits",
                                      "Gigabits",
                                      "Terabits",
                                      "Percent",
                                      "Count",
                                      "Bytes/Second",
                                      "Kilobytes/Second",
                                      "Megabytes/Second",
                                      "Gigabytes/Second",
                                      "Terabytes/Second",
                                      "Bits/Second",
                                      "Kilobits/Second",
                                      "Megabits/Second",
                                      "Gigabits/Second",
                                      "Terabits/Second",
                                      "Count/Second",
                                      "None"};

}  // namespace

TimeRange read_range(Input& in) {
  const TimeRange range{in.need_time("StartTime"), in.need_time("EndTime")};
  if (!in.failed() && range.from >= range.to) {
    in.invalid("The parameter StartTime must be less than the parameter EndTime.");
  }
  return range;
}

Seconds read_period(Input& in) {
  const int64_t period = in.need_integer("Period");
  const bool good = period == 10 || period == 20 || period == 30 ||
                    (period >= 60 && period % 60 == 0 && period <= 86'400);
  if (good) return Seconds(period);
  in.invalid(
      fmt::format("The parameter {} must be 10, 20, 30 or a multiple of 60 up to 86400: this node "
                  "counts by 10 seconds.",
                  in.path_of("Period")));
  return 60s;
}

std::optional<std::string> read_unit(Input& in) {
  auto unit = in.text("Unit");
  if (unit && std::ranges::find(units, *unit) == std::end(units)) {
    in.invalid(
        fmt::format("The value {} for parameter {} is not a unit.", *unit, in.path_of("Unit")));
  }
  return unit;
}

WallTime origin_of(WallTime start, Seconds period) {
  const Seconds step = std::min<Seconds>(period, 60s);
  const auto since = std::chrono::floor<Seconds>(start.time_since_epoch());
  const Seconds rest = since % step;
  return WallTime(since - (rest < 0s ? rest + step : rest));
}

Json json_of(const metrics::SeriesKey& key) {
  Json dimensions = Json::array();
  for (const metrics::Dimension& dimension : key.dimensions) {
    dimensions.push_back({{"Name", dimension.name}, {"Value", dimension.value}});
  }
  return {{"Namespace", key.space}, {"MetricName", key.name}, {"Dimensions", dimensions}};
}

}  // namespace daruma::api::cloudwatch
