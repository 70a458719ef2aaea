// SPDX-License-Identifier: Apache-2.0
//
// Alarms as CloudWatch has them: over a metric's points, or over other alarms. Values.
// Source: CloudWatch API reference, PutMetricAlarm and PutCompositeAlarm.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metrics/query.h"
#include "metrics/series_key.h"

namespace daruma::alarm {

enum class State : uint8_t { ok, alarm, insufficient_data };
std::string_view name_of(State state);  // "INSUFFICIENT_DATA"
std::optional<State> parse_state(std::string_view name);

enum class Comparison : uint8_t {
  greater_or_equal,  // GreaterThanOrEqualToThreshold
  greater,
  less,
  less_or_equal,
};
std::string_view name_of(Comparison comparison);
std::optional<Comparison> parse_comparison(std::string_view name);
bool breaches(double value, Comparison comparison, double threshold);

// What a period without data counts as (TreatMissingData).
enum class MissingData : uint8_t {
  missing,  // nothing is known: INSUFFICIENT_DATA if it is so of all
  ignore,   // the state stays
  breaching,
  not_breaching,
};
std::string_view name_of(MissingData treatment);  // "notBreaching"
std::optional<MissingData> parse_missing_data(std::string_view name);

struct MetricAlarm {
  metrics::SeriesKey series;
  std::string statistic;  // "Average", "p99": metrics/statistic.h
  std::string unit;       // "": any
  // Metric math: what the one query says whose data are returned is judged; the three above are
  // empty then. Empty: it is one metric.
  std::vector<metrics::Query> queries{};
  std::chrono::seconds period{60};
  int evaluation_periods = 1;   // N
  int datapoints_to_alarm = 1;  // M of them
  double threshold = 0;
  Comparison comparison = Comparison::greater_or_equal;
  MissingData missing_data = MissingData::missing;
  bool evaluate_low_sample_counts = true;  // EvaluateLowSampleCountPercentile
  // Whoever made the alarm said so himself, and is shown it again.
  bool datapoints_given = false;
  bool missing_data_given = false;
  bool low_sample_counts_given = false;
  bool operator==(const MetricAlarm&) const = default;
};

// While that alarm is in ALARM, actions are not taken. An alarm that has changed waits for the
// other to do so too; when the other is over, it waits on (PutCompositeAlarm, ActionsSuppressor).
struct Suppressor {
  std::string written;  // name or ARN, as it was given
  std::chrono::seconds wait{};
  std::chrono::seconds extension{};
  bool operator==(const Suppressor&) const = default;
};

struct CompositeAlarm {
  std::string rule;  // alarm/rule.h
  std::optional<Suppressor> suppressor{};
  bool operator==(const CompositeAlarm&) const = default;
};

struct Alarm {
  std::string name;
  std::string description;
  std::optional<MetricAlarm> metric;  // one of the two
  std::optional<CompositeAlarm> composite;
  bool actions_enabled = true;
  std::vector<std::string> ok_actions;  // ARNs, whose last parts name who is told
  std::vector<std::string> alarm_actions;
  std::vector<std::string> insufficient_data_actions;
  std::map<std::string, std::string> tags;
  WallTime updated{};  // the definition
  bool operator==(const Alarm&) const = default;

  const std::vector<std::string>& actions(State state) const;
};

// Why a composite alarm's actions wait.
enum class SuppressedBy : uint8_t { nothing, wait_period, extension_period, suppressor };
std::string_view name_of(SuppressedBy by);  // "WaitPeriod"; "" of nothing
std::optional<SuppressedBy> parse_suppressed_by(std::string_view name);

// How an alarm stands, and since when.
struct Standing {
  State state = State::insufficient_data;
  std::string reason = "Unchecked: Initial alarm creation";
  std::string reason_data{};  // JSON; "" if nothing is known
  WallTime updated{};         // the state, or its reason
  WallTime transitioned{};    // the state
  // Of a composite alarm: the state that actions were taken for last, or need not be.
  State acted = State::insufficient_data;
  SuppressedBy suppressed_by = SuppressedBy::nothing;
  WallTime suppressed_since{};
  bool operator==(const Standing&) const = default;
};

inline constexpr std::string_view arn_prefix = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:";
inline std::string arn_of(const std::string& name) {
  return std::string(arn_prefix) + name;
}
// Of a name, or an ARN.
std::string name_in(std::string_view name_or_arn);

}  // namespace daruma::alarm
