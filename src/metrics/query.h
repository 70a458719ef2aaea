// SPDX-License-Identifier: Apache-2.0
//
// Several metrics and expressions of one another (CloudWatch's MetricDataQuery), over one range of
// time: what GetMetricData answers and alarms on metric math judge. Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/expression.h"
#include "metrics/series_key.h"
#include "metrics/time_series.h"

namespace daruma::metrics {

struct Query {
  std::string id;
  std::string label;              // "": none was given
  std::string expression;         // "": a metric
  SeriesKey key;                  // of a metric, as the next two
  std::string statistic;          // metrics/statistic.h has it
  std::string unit;               // "": any
  std::optional<Seconds> period;  // of a metric always
  std::optional<bool> returned;   // ReturnData; none was given: yes
  bool operator==(const Query&) const = default;

  bool is_metric() const { return expression.empty(); }
  bool is_returned() const { return returned.value_or(true); }
};

// Whose period it is: its own; or else the longest of those that it names; or of all metrics; or a
// minute.
Seconds period_of(const Query& query, std::span<const Query> all);

class QueryRunner {
 public:
  static constexpr int64_t periods_max = 100'800;  // of one query

  // Periods are counted from `origin_of(period)`, which is no later than `from`; to `to`.
  struct Range {
    WallTime from;
    WallTime to;
    std::function<WallTime(Seconds period)> origin_of;
  };
  // Answers the function SEARCH, by asking the runner for lines.
  using Search = std::function<Result<Lines>(const QueryRunner& runner, const std::string& what,
                                             const std::string& statistic, Seconds period)>;

  // All of it outlives this. Without `search` there is no SEARCH. REQUIRES: ids differ.
  QueryRunner(const TimeSeries& series, std::span<const Query> queries, Range range,
              Search search = nullptr);
  QueryRunner(const QueryRunner&) = delete;
  QueryRunner& operator=(const QueryRunner&) = delete;

  // Computes all of them, metrics first. Fails with what is wrong with which.
  Result<void> run();
  // REQUIRES: run() was good; there is a query of this id.
  const MathValue& value(const std::string& id) const { return context_.values.at(id); }

  // One metric's values.
  Result<Line> line_of(const SeriesKey& key, const std::string& statistic, Seconds period,
                       const std::string& unit) const;

 private:
  // Doing: whose value is being computed, to find circles.
  Result<void> compute(const Query& query, std::set<std::string>& doing);

  const TimeSeries& series_;
  const std::span<const Query> queries_;
  const Range range_;
  std::map<std::string, const Query*> by_id_;
  MathContext context_;
};

}  // namespace daruma::metrics
