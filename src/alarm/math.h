// SPDX-License-Identifier: Apache-2.0
//
// Alarms on metric math (PutMetricAlarm, Metrics): several metrics and expressions, of which one is
// judged as a metric would be. Reads series, which may wait for the disk; otherwise pure.
#pragma once

#include <vector>

#include "alarm/alarm.h"
#include "alarm/evaluation.h"
#include "base/result.h"
#include "metrics/time_series.h"

namespace daruma::alarm {

// As AWS has it: so many items, and so many of them metrics.
inline constexpr size_t queries_max = 20;
inline constexpr size_t query_metrics_max = 10;

// The item that is judged. REQUIRES: check() was good.
const metrics::Query& judged_query(const MetricAlarm& alarm);

// Why such a list is none that an alarm can have. Tries it on the series: an expression must come
// to one series of values.
Result<void> check_queries(const MetricAlarm& alarm, const metrics::TimeSeries& series,
                           WallTime now);

// The periods before `end`, the oldest first. What cannot be computed now has no values.
// REQUIRES: check() was good.
std::vector<Datapoint> math_datapoints(const MetricAlarm& alarm, const metrics::TimeSeries& series,
                                       WallTime end);

}  // namespace daruma::alarm
