// SPDX-License-Identifier: Apache-2.0
#include "metrics/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "metrics/statistic.h"

namespace daruma::metrics {
namespace {

constexpr size_t depth_max = 32;  // expressions of expressions

}  // namespace

Seconds period_of(const Query& query, std::span<const Query> all) {
  if (query.period) return *query.period;
  Seconds of_named{0};
  Seconds of_metrics{0};
  const std::vector<std::string> named = ids_in(query.expression);
  for (const Query& other : all) {
    if (!other.period) continue;
    if (std::ranges::find(named, other.id) != named.end())
      of_named = std::max(of_named, *other.period);
    if (other.is_metric()) of_metrics = std::max(of_metrics, *other.period);
  }
  if (of_named > 0s) return of_named;
  return of_metrics > 0s ? of_metrics : Seconds(60);
}

QueryRunner::QueryRunner(const TimeSeries& series, std::span<const Query> queries, Range range,
                         Search search)
    : series_(series), queries_(queries), range_(std::move(range)) {
  for (const Query& query : queries) {
    by_id_[query.id] = &query;
    if (query.is_metric()) context_.metric_ids.push_back(query.id);
  }
  context_.search = [this, search = std::move(search)](const std::string& what,
                                                       const std::string& statistic,
                                                       Seconds period) -> Result<Lines> {
    if (!search) return fail("SEARCH cannot be used here");
    return search(*this, what, statistic, period);
  };
}

Result<void> QueryRunner::run() {
  // Metrics first: METRICS() takes them all.
  std::set<std::string> doing;
  for (const bool metrics : {true, false}) {
    for (const Query& query : queries_) {
      if (query.is_metric() != metrics) continue;
      if (auto done = compute(query, doing); !done) return done;
    }
  }
  return {};
}

Result<Line> QueryRunner::line_of(const SeriesKey& key, const std::string& statistic,
                                  Seconds period, const std::string& unit) const {
  if ((range_.to - range_.from) / period > periods_max)
    return fail("A query may ask for 100,800 datapoints at most; make its Period longer.");
  const auto wanted = Statistic::of(statistic);
  if (!wanted) return fail(fmt::format("'{}' is no statistic", statistic));
  Line line{key.name, {}};
  const SeriesFacts* facts = series_.find(key);
  if (facts == nullptr || (!unit.empty() && unit != facts->unit)) return line;
  const WallTime origin = range_.origin_of(period);
  for (const Point& point : series_.read(key, origin, range_.to, period, origin)) {
    if (const auto value = wanted->value(point)) line.values[point.start] = *value;
  }
  return line;
}

Result<void> QueryRunner::compute(const Query& query, std::set<std::string>& doing) {
  if (context_.values.contains(query.id)) return {};
  if (query.is_metric()) {
    auto line = line_of(query.key, query.statistic, *query.period, query.unit);
    if (!line) return fail(line.error().message);
    context_.values[query.id] = std::move(*line);
    return {};
  }
  if (!doing.insert(query.id).second || doing.size() > depth_max) {
    return fail(fmt::format("The expression of {} names itself, or too many others.", query.id));
  }
  for (const std::string& id : ids_in(query.expression)) {
    const auto named = by_id_.find(id);
    if (named == by_id_.end()) continue;
    if (auto done = compute(*named->second, doing); !done) return done;
  }
  doing.erase(query.id);
  context_.period = period_of(query, queries_);
  context_.from = range_.origin_of(context_.period);
  context_.to = range_.to;
  if ((context_.to - context_.from) / context_.period > periods_max)
    return fail("An expression may have 100,800 periods at most.");
  auto value = evaluate(query.expression, context_);
  if (!value) {
    return fail(fmt::format("Error in expression '{}': {}", query.id, value.error().message));
  }
  context_.values[query.id] = std::move(*value);
  return {};
}

}  // namespace daruma::metrics
