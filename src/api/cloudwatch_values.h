// SPDX-License-Identifier: Apache-2.0
//
// What several operations of the CloudWatch API read and show. Problems go to the input. Pure.
#pragma once

#include <optional>
#include <string>

#include "api/cloudwatch_input.h"
#include "metrics/time_series.h"

namespace daruma::api::cloudwatch {

struct TimeRange {
  WallTime from;
  WallTime to;
};
// StartTime and EndTime, which must be in order.
TimeRange read_range(Input& in);
// Period: 10, 20, 30 seconds or whole minutes, up to a day. 60 where it is wrong.
metrics::Seconds read_period(Input& in);
// Unit, one of AWS's list.
std::optional<std::string> read_unit(Input& in);

// Where periods are counted from: the start, rounded down to a whole minute, or to what shorter
// periods divide it in (AWS: GetMetricStatistics, StartTime).
WallTime origin_of(WallTime start, metrics::Seconds period);

Json json_of(const metrics::SeriesKey& key);  // AWS's shape Metric

}  // namespace daruma::api::cloudwatch
