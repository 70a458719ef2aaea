// SPDX-License-Identifier: Apache-2.0
//
// What the two files of metrics/time_series share.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "metrics/time_series.h"

namespace daruma::metrics {

inline WallTime floor_to(WallTime time, Seconds step) {
  const auto since = std::chrono::floor<Seconds>(time).time_since_epoch().count();
  const auto whole = since / step.count() - (since % step.count() < 0 ? 1 : 0);
  return WallTime(step * whole);
}

// What the archive keeps of a series: key and unit; and back. Nullopt: damaged.
std::string described(const SeriesFacts& facts);
std::optional<SeriesFacts> facts_of(std::string_view description);

struct TimeSeries::KeptBlock {
  Block block;
  bool unsaved = false;  // since the last checkpoint
};

struct TimeSeries::Series {
  SeriesFacts facts;
  bool detailed = false;
  size_t tiers_kept = tiers.size();
  uint32_t number = 0;                                  // in the archive
  std::map<WallTime, Point> waiting;                    // 10 s each, not closed
  std::array<std::optional<Point>, tiers.size()> open;  // what the tier below has closed; 0: unused
  std::array<Blocks, tiers.size()> blocks;
};

}  // namespace daruma::metrics
