// SPDX-License-Identifier: Apache-2.0
#include "alarm/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "metrics/statistic.h"

namespace daruma::alarm {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::seconds;

// "2026-10-03T12:02:00.000+0000", as CloudWatch writes it there.
std::string reason_time(WallTime time) {
  return date_and_time(time).substr(0, 23) + "+0000";
}
// "03/10/26 12:02:00"
std::string short_time(WallTime time) {
  const std::string text = date_and_time(time);
  return text.substr(8, 2) + "/" + text.substr(5, 2) + "/" + text.substr(2, 2) + " " +
         text.substr(11, 8);
}

bool is_percentile(const MetricAlarm& alarm) {
  const auto statistic = metrics::Statistic::of(alarm.statistic);
  return statistic && statistic->is_percentile();
}

std::optional<double> value_of(const MetricAlarm& alarm, const metrics::Point& point) {
  const auto statistic = metrics::Statistic::of(alarm.statistic);
  return statistic ? statistic->value(point) : std::nullopt;
}

std::string number(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? fmt::format("{:.1f}", value)
                                                              : fmt::format("{}", value);
}

std::string_view words_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::greater_or_equal:
      return "greater than or equal to";
    case Comparison::greater:
      return "greater than";
    case Comparison::less:
      return "less than";
    case Comparison::less_or_equal:
      return "less than or equal to";
  }
  return "";
}

// What was judged, and what came of it.
struct Judgement {
  std::vector<const Datapoint*> seen;  // those with data, the newest first
  int breaching = 0;
  size_t oldest_breaching = 0;  // counted from 1, the newest period; 0: none
  int missing = 0;              // that had to be filled in
};

Judgement judge(const MetricAlarm& alarm, std::span<const Datapoint> datapoints) {
  Judgement judgement;
  const auto most = static_cast<size_t>(alarm.evaluation_periods);
  for (size_t i = datapoints.size(); i > 0 && judgement.seen.size() < most; --i) {
    const Datapoint& point = datapoints[i - 1];
    if (!point.value) continue;
    judgement.seen.push_back(&point);
    if (!breaches(*point.value, alarm.comparison, alarm.threshold)) continue;
    ++judgement.breaching;
    judgement.oldest_breaching = datapoints.size() - i + 1;
  }
  judgement.missing = static_cast<int>(most - judgement.seen.size());
  return judgement;
}

// Nullopt: it stays as it is.
std::optional<State> state_of(const MetricAlarm& alarm, const Judgement& judgement) {
  const int needed = alarm.datapoints_to_alarm;
  if (judgement.breaching >= needed) return State::alarm;
  if (judgement.missing == 0) return State::ok;
  const bool all_missing = judgement.seen.empty();
  const bool all_breach = judgement.breaching == static_cast<int>(judgement.seen.size());
  switch (alarm.missing_data) {
    case MissingData::breaching:
      return judgement.breaching + judgement.missing >= needed ? State::alarm : State::ok;
    case MissingData::not_breaching:
      return State::ok;
    case MissingData::ignore:
      if (all_breach) return std::nullopt;
      return State::ok;
    case MissingData::missing:
      break;
  }
  if (all_missing) return State::insufficient_data;
  if (!all_breach) return State::ok;
  // What is known is bad, and has been for as long as it takes.
  if (judgement.oldest_breaching >= static_cast<size_t>(needed)) return State::alarm;
  return std::nullopt;
}

std::string reason_of(const MetricAlarm& alarm, const Judgement& judgement, State state) {
  const std::string threshold = number(alarm.threshold);
  if (judgement.seen.empty()) {
    const int periods = alarm.evaluation_periods;
    const std::string treated =
        alarm.missing_data == MissingData::breaching       ? " were treated as [Breaching]."
        : alarm.missing_data == MissingData::not_breaching ? " were treated as [NonBreaching]."
                                                           : "";
    if (!treated.empty()) {
      return fmt::format(
          "Threshold Crossed: no datapoints were received for {} period{} and {} "
          "missing datapoint{}{}",
          periods, periods == 1 ? "" : "s", periods, periods == 1 ? "" : "s", treated);
    }
    return fmt::format("Insufficient Data: {} datapoint{} {} unknown.", periods,
                       periods == 1 ? "" : "s", periods == 1 ? "was" : "were");
  }
  std::vector<std::string> shown;
  for (const Datapoint* point : judgement.seen) {
    if (shown.size() == 5) break;
    if (state == State::alarm && !breaches(*point->value, alarm.comparison, alarm.threshold))
      continue;
    shown.push_back(fmt::format("{} ({})", number(*point->value), short_time(point->start)));
  }
  const bool in_alarm = state == State::alarm;
  return fmt::format(
      "Threshold Crossed: {} out of the last {} datapoints [{}] {} {} the threshold ({}) (minimum "
      "{} datapoint{} for {} transition).",
      in_alarm ? judgement.breaching
               : static_cast<int>(judgement.seen.size()) - judgement.breaching,
      alarm.evaluation_periods, fmt::join(shown, ", "), in_alarm ? "were" : "were not",
      words_of(alarm.comparison), threshold,
      in_alarm ? alarm.datapoints_to_alarm
               : alarm.evaluation_periods - alarm.datapoints_to_alarm + 1,
      in_alarm && alarm.datapoints_to_alarm == 1 ? "" : "s",
      in_alarm ? "OK -> ALARM" : "ALARM -> OK");
}

std::string reason_data_of(const MetricAlarm& alarm, std::span<const Datapoint> datapoints,
                           const Judgement& judgement, WallTime at) {
  Json data{{"version", "1.0"}, {"queryDate", reason_time(at)}};
  if (!datapoints.empty()) data["startDate"] = reason_time(datapoints.front().start);
  if (alarm.queries.empty())
    data[is_percentile(alarm) ? "extendedStatistic" : "statistic"] = alarm.statistic;
  data["period"] = alarm.period.count();
  Json recent = Json::array();
  for (auto each = judgement.seen.rbegin(); each != judgement.seen.rend(); ++each)
    recent.push_back(*(*each)->value);
  data["recentDatapoints"] = std::move(recent);
  data["threshold"] = alarm.threshold;
  return data.dump();
}

// Percentiles of few samples say little (EvaluateLowSampleCountPercentile: p above 0.5 need
// 10/(1-p) samples, others 10/p).
bool has_too_few_samples(const MetricAlarm& alarm, const Judgement& judgement) {
  if (alarm.evaluate_low_sample_counts || !is_percentile(alarm)) return false;
  const double part = std::strtod(alarm.statistic.c_str() + 1, nullptr) / 100;
  const double rest = part > 0.5 ? 1 - part : part;
  return std::ranges::any_of(judgement.seen, [rest](const Datapoint* point) {
    return rest <= 0 || point->samples * rest < 10 - 1e-9;
  });
}

}  // namespace

seconds step_of(const MetricAlarm& alarm) {
  if (alarm.period <= 60s) return alarm.period;
  return alarm.period > 1h && alarm.period % 300s == 0s ? seconds(300) : seconds(60);
}

WallTime latest_end(const MetricAlarm& alarm, WallTime now) {
  const auto since = std::chrono::floor<seconds>(now).time_since_epoch();
  return WallTime(since - since % step_of(alarm));
}

std::vector<Datapoint> datapoints_of(const MetricAlarm& alarm,
                                     std::span<const metrics::Point> points, WallTime end) {
  const int periods = periods_looked_at(alarm);
  std::vector<Datapoint> datapoints;
  WallTime start = end - periods * alarm.period;
  size_t next = 0;
  while (next < points.size() && points[next].start < start) ++next;
  for (int i = 0; i < periods; ++i, start += alarm.period) {
    std::optional<metrics::Point> sum;
    for (; next < points.size() && points[next].start < start + alarm.period; ++next) {
      if (points[next].count <= 0) continue;
      if (sum) {
        sum->merge(points[next]);
      } else {
        sum = points[next];
      }
    }
    datapoints.push_back({start, std::nullopt, sum ? sum->count : 0});
    if (sum) datapoints.back().value = value_of(alarm, *sum);
  }
  return datapoints;
}

Verdict evaluate(const MetricAlarm& alarm, std::span<const Datapoint> datapoints, State now,
                 WallTime at) {
  const Judgement judgement = judge(alarm, datapoints);
  const std::optional<State> found =
      has_too_few_samples(alarm, judgement) ? std::nullopt : state_of(alarm, judgement);
  const State state = found.value_or(now);
  return {state, reason_of(alarm, judgement, state),
          reason_data_of(alarm, datapoints, judgement, at)};
}

}  // namespace daruma::alarm
