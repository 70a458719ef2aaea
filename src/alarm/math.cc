// SPDX-License-Identifier: Apache-2.0
#include "alarm/math.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "metrics/query.h"

namespace daruma::alarm {
namespace {

using metrics::Line;
using metrics::Lines;
using metrics::Query;
using metrics::QueryRunner;

Result<Lines> no_search(const QueryRunner&, const std::string&, const std::string&,
                        std::chrono::seconds) {
  return fail("SEARCH is not supported on Metric Alarms.");
}

// What is judged comes to. Empty where that is a series without values as well.
Result<Line> judged_line(const MetricAlarm& alarm, const metrics::TimeSeries& series,
                         WallTime end) {
  const WallTime from = end - periods_looked_at(alarm) * alarm.period;
  QueryRunner runner(series, alarm.queries,
                     {from, end, [from](std::chrono::seconds) { return from; }}, no_search);
  if (auto done = runner.run(); !done) return fail(done.error().message);
  const metrics::MathValue& value = runner.value(judged_query(alarm).id);
  Lines lines;
  if (!metrics::append(lines, value))
    return fail("The expression that returns data comes to a number; it must be a time series.");
  if (lines.size() != 1) {
    return fail(fmt::format(
        "The expression that returns data comes to {} time series; it must be one.", lines.size()));
  }
  return std::move(lines.front());
}

}  // namespace

const Query& judged_query(const MetricAlarm& alarm) {
  const auto found = std::ranges::find_if(alarm.queries, &Query::is_returned);
  DARUMA_ASSERT(found != alarm.queries.end());
  return *found;
}

Result<void> check_queries(const MetricAlarm& alarm, const metrics::TimeSeries& series,
                           WallTime now) {
  const std::vector<Query>& queries = alarm.queries;
  if (queries.size() > queries_max)
    return fail(fmt::format("Metrics must not have more than {} members", queries_max));
  if (std::ranges::count_if(queries, &Query::is_metric) > ptrdiff_t{query_metrics_max})
    return fail(fmt::format("Metrics must not have more than {} metrics", query_metrics_max));
  if (std::ranges::count_if(queries, &Query::is_returned) != 1)
    return fail("Exactly one element of the metrics list should return data.");
  if (std::ranges::none_of(queries, &Query::is_metric))
    return fail("Metrics must have at least one metric");
  // Datapoints of the longest would be missing or old by the time the others' are judged.
  const auto differs = [&](const Query& query) {
    return query.period && *query.period != alarm.period;
  };
  if (std::ranges::any_of(queries, differs))
    return fail("All metrics of the metrics list must have the same Period");
  const auto line = judged_line(alarm, series, latest_end(alarm, now));
  if (!line) return fail(line.error().message);
  return {};
}

std::vector<Datapoint> math_datapoints(const MetricAlarm& alarm, const metrics::TimeSeries& series,
                                       WallTime end) {
  const auto line = judged_line(alarm, series, end);
  const int periods = periods_looked_at(alarm);
  std::vector<Datapoint> datapoints;
  WallTime start = end - periods * alarm.period;
  for (int i = 0; i < periods; ++i, start += alarm.period) {
    Datapoint& point = datapoints.emplace_back(Datapoint{start, std::nullopt, 0});
    if (!line) continue;
    const auto value = line->values.find(start);
    if (value == line->values.end()) continue;
    point.value = value->second;
    point.samples = std::numeric_limits<double>::infinity();  // of math nobody counts them
  }
  return datapoints;
}

}  // namespace daruma::alarm
