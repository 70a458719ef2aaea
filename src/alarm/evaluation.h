// SPDX-License-Identifier: Apache-2.0
//
// From a metric's points to an alarm's state, by CloudWatch's rules ("Using Amazon CloudWatch
// alarms": how an alarm is evaluated, M out of N, missing data). Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alarm/alarm.h"
#include "metrics/point.h"

namespace daruma::alarm {

// One period: its value, or nothing if there was no data.
struct Datapoint {
  WallTime start{};
  std::optional<double> value;
  double samples = 0;
  bool operator==(const Datapoint&) const = default;
};

struct Verdict {
  State state = State::ok;
  std::string reason;       // as CloudWatch words it
  std::string reason_data;  // JSON: StateReasonData of DescribeAlarms
};

// CloudWatch looks at a few more periods than it judges, and passes over those without data. How
// many more is not documented; its examples have two.
inline constexpr int periods_passed_over_max = 2;
inline int periods_looked_at(const MetricAlarm& alarm) {
  return alarm.evaluation_periods + periods_passed_over_max;
}

// Until when there are whole periods, and how often there is a new one: periods of over a minute
// end every minute, so that nothing is noticed later than that (those of over an hour every 5
// minutes).
std::chrono::seconds step_of(const MetricAlarm& alarm);
WallTime latest_end(const MetricAlarm& alarm, WallTime now);

// The periods before `end`, the oldest first: `points` are of a step each, ascending.
std::vector<Datapoint> datapoints_of(const MetricAlarm& alarm,
                                     std::span<const metrics::Point> points, WallTime end);

// `now`: the state so far, which may stay. The last datapoint is the newest.
Verdict evaluate(const MetricAlarm& alarm, std::span<const Datapoint> datapoints, State now,
                 WallTime at);

}  // namespace daruma::alarm
