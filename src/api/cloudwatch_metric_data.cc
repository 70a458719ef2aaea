// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_metric_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "api/cloudwatch_search.h"
#include "api/cloudwatch_values.h"
#include "metrics/expression.h"
#include "metrics/statistic.h"

namespace daruma::api::cloudwatch {
namespace {

using metrics::Line;
using metrics::Lines;
using metrics::Seconds;
using metrics::SeriesKey;

// Quotas of AWS's documentation of GetMetricData; of series that one SEARCH finds, 100 as there.
constexpr size_t queries_max = 500;
constexpr size_t datapoints_max = 100'800;
constexpr size_t found_max = 100;
constexpr int64_t periods_max = 100'800;  // of one query

struct Query {
  std::string id;
  std::string label;
  std::string expression;  // "": a metric
  SeriesKey key;
  std::string statistic_name;
  std::optional<metrics::Statistic> statistic;
  std::optional<std::string> unit;
  std::optional<Seconds> period;
  bool returned = true;
};

struct Request {
  std::vector<Query> queries;
  TimeRange range;
  bool descending = true;
  size_t points_max = datapoints_max;
  size_t first_line = 0;  // of this page
  size_t first_point = 0;
};

bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= 255 && id.front() >= 'a' && id.front() <= 'z' &&
         std::ranges::all_of(id, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

void read_metric(Input& stat, Query& query) {
  stat.only({"Metric", "Period", "Stat", "Unit"});
  query.period = read_period(stat);
  query.unit = read_unit(stat);
  const std::string name = query.statistic_name = stat.need_text("Stat");
  query.statistic = metrics::Statistic::of(name);
  if (!query.statistic && !stat.failed()) {
    stat.fail("ValidationError", fmt::format("The value {} for parameter {} is not supported.",
                                             name, stat.path_of("Stat")));
  }
  auto metric = stat.object("Metric");
  if (!metric) return stat.fail("MissingParameter", "The parameter Metric is required.");
  metric->only({"Namespace", "MetricName", "Dimensions"});
  std::string space = metric->need_text("Namespace");
  std::string metric_name = metric->need_text("MetricName");
  query.key = {std::move(space), std::move(metric_name), metric->dimensions()};
}

Query read_query(Input& in) {
  in.only({"Id", "MetricStat", "Expression", "Label", "ReturnData", "Period"});
  Query query;
  query.id = in.need_text("Id");
  if (!is_id(query.id)) {
    in.fail("ValidationError",
            fmt::format("The value {} for parameter {} is not matching the expected pattern "
                        "^[a-z][a-zA-Z0-9_]*$.",
                        query.id, in.path_of("Id")));
  }
  query.label = in.text("Label").value_or("");
  query.expression = in.text("Expression").value_or("");
  query.returned = in.flag("ReturnData").value_or(true);
  auto stat = in.object("MetricStat");
  if (stat.has_value() == !query.expression.empty()) {
    in.fail("ValidationError",
            fmt::format("The parameter {} must have either MetricStat or Expression.",
                        in.path_of("Id")));
  }
  if (stat) read_metric(*stat, query);
  if (!stat && in.has("Period")) query.period = read_period(in);
  return query;
}

void read_page(Input& in, Request& request) {
  const auto token = in.text("NextToken");
  if (!token) return;
  const char* const end = token->data() + token->size();
  const auto line = std::from_chars(token->data(), end, request.first_line);
  const bool parted = line.ec == std::errc() && line.ptr != end && *line.ptr == ':';
  const auto point = parted ? std::from_chars(line.ptr + 1, end, request.first_point) : line;
  if (!parted || point.ec != std::errc() || point.ptr != end) {
    in.fail("InvalidNextToken", "The parameter NextToken is not one of this operation.");
  }
}

// Where one metric is asked for in several ways, what differs is in their labels, as AWS has it.
void tell_apart(std::vector<Query>& queries) {
  std::map<SeriesKey, std::pair<std::set<std::string>, std::set<Seconds>>> ways;
  for (const Query& query : queries) {
    if (!query.expression.empty() || !query.period) continue;
    ways[query.key].first.insert(query.statistic_name);
    ways[query.key].second.insert(*query.period);
  }
  for (Query& query : queries) {
    if (!query.expression.empty() || !query.period || !query.label.empty()) continue;
    const auto& [statistics, periods] = ways[query.key];
    query.label = query.key.name;
    if (statistics.size() > 1) query.label += " " + query.statistic_name;
    if (periods.size() > 1) query.label += fmt::format(" {}", query.period->count());
  }
}

Request read_request(Input& in) {
  in.only({"MetricDataQueries", "StartTime", "EndTime", "NextToken", "ScanBy", "MaxDatapoints",
           "LabelOptions"});
  Request request;
  request.range = read_range(in);
  std::set<std::string> ids;
  for (Input& each : in.objects("MetricDataQueries")) {
    request.queries.push_back(read_query(each));
    const std::string& id = request.queries.back().id;
    if (!ids.insert(id).second) {
      in.fail("ValidationError", fmt::format("The id {} is there more than once.", id));
    }
  }
  if (request.queries.empty()) {
    in.fail("MissingParameter", "The parameter MetricDataQueries is required.");
  }
  if (request.queries.size() > queries_max) {
    in.fail("ValidationError", "There are more than 500 MetricDataQueries.");
  }
  tell_apart(request.queries);
  const std::string order = in.text("ScanBy").value_or("TimestampDescending");
  request.descending = order == "TimestampDescending";
  if (!request.descending && order != "TimestampAscending") {
    in.fail("ValidationError",
            fmt::format("The value {} for parameter ScanBy is not supported.", order));
  }
  if (const auto most = in.integer("MaxDatapoints")) {
    if (*most < 1) in.fail("ValidationError", "The parameter MaxDatapoints must be positive.");
    request.points_max = static_cast<size_t>(std::clamp<int64_t>(*most, 1, datapoints_max));
  }
  read_page(in, request);
  return request;
}

// One request's values, each id's once.
class Answerer {
 public:
  Answerer(Call& call, const Request& request) : call_(call), request_(request) {
    for (const Query& query : request.queries) by_id_[query.id] = &query;
    for (const Query& query : request.queries) {
      if (query.expression.empty()) context_.metric_ids.push_back(query.id);
    }
  }

  // Of all that is returned, in the order of the queries; a number is no series.
  Expected<std::vector<std::pair<const Query*, Line>>> lines();

 private:
  // Doing: whose value is being computed, to find circles.
  Expected<void> compute(const Query& query, std::set<std::string>& doing);
  Expected<Line> metric_line(const SeriesKey& key, const metrics::Statistic& statistic,
                             Seconds period, const std::optional<std::string>& unit);
  Result<Lines> search(const std::string& what, const std::string& statistic, Seconds period);
  Seconds period_of(const Query& query) const;

  Call& call_;
  const Request& request_;
  std::map<std::string, const Query*> by_id_;
  metrics::MathContext context_;
};

Expected<Line> Answerer::metric_line(const SeriesKey& key, const metrics::Statistic& statistic,
                                     Seconds period, const std::optional<std::string>& unit) {
  if ((request_.range.to - request_.range.from) / period > periods_max) {
    return refuse("ValidationError",
                  "A query may ask for 100,800 datapoints at most; make its Period longer.");
  }
  Line line{key.name, {}};
  const metrics::SeriesFacts* facts = call_.series.find(key);
  if (facts == nullptr || (unit && *unit != facts->unit)) return line;
  const WallTime origin = origin_of(request_.range.from, period);
  for (const metrics::Point& point :
       call_.series.read(key, origin, request_.range.to, period, origin)) {
    if (const auto value = statistic.value(point)) line.values[point.start] = *value;
  }
  return line;
}

Result<Lines> Answerer::search(const std::string& what, const std::string& statistic,
                               Seconds period) {
  const auto wanted = metrics::Statistic::of(statistic);
  if (!wanted) return fail(fmt::format("'{}' is no statistic", statistic));
  const auto search = MetricSearch::of(what);
  if (!search) return fail(search.error().message);
  Lines lines;
  for (const metrics::SeriesFacts* facts :
       call_.series.list({.written_since = call_.now - std::chrono::days(14)})) {
    if (!search->fits(facts->key)) continue;
    auto line = metric_line(facts->key, *wanted, period, std::nullopt);
    if (!line) return fail(line.error().message);
    for (const metrics::Dimension& dimension : facts->key.dimensions)
      line->label += " " + dimension.value;
    lines.push_back(std::move(*line));
    if (lines.size() == found_max) break;
  }
  return lines;
}

// Its own; or else the longest of those it names; or a minute.
Seconds Answerer::period_of(const Query& query) const {
  if (query.period) return *query.period;
  Seconds longest{0};
  const auto take = [&](const std::string& id) {
    const auto named = by_id_.find(id);
    if (named != by_id_.end() && named->second->period)
      longest = std::max(longest, *named->second->period);
  };
  for (const std::string& id : metrics::ids_in(query.expression)) take(id);
  if (longest == 0s) {
    for (const std::string& id : context_.metric_ids) take(id);
  }
  return longest == 0s ? Seconds(60) : longest;
}

Expected<void> Answerer::compute(const Query& query, std::set<std::string>& doing) {
  if (context_.values.contains(query.id)) return {};
  if (query.expression.empty()) {
    auto line = metric_line(query.key, *query.statistic, *query.period, query.unit);
    if (!line) return tl::unexpected(line.error());
    context_.values[query.id] = std::move(*line);
    return {};
  }
  if (!doing.insert(query.id).second || doing.size() > 32) {
    return refuse("ValidationError",
                  fmt::format("The expression of {} names itself, or too many others.", query.id));
  }
  for (const std::string& id : metrics::ids_in(query.expression)) {
    const auto named = by_id_.find(id);
    if (named == by_id_.end()) continue;
    if (const auto done = compute(*named->second, doing); !done) return done;
  }
  doing.erase(query.id);
  context_.period = period_of(query);
  context_.from = origin_of(request_.range.from, context_.period);
  context_.to = request_.range.to;
  if ((context_.to - context_.from) / context_.period > periods_max) {
    return refuse("ValidationError", "An expression may have 100,800 periods at most.");
  }
  context_.search = [this](const auto& what, const auto& statistic, Seconds period) {
    return search(what, statistic, period);
  };
  auto value = metrics::evaluate(query.expression, context_);
  if (!value) {
    return refuse("ValidationError",
                  fmt::format("Error in expression '{}': {}", query.id, value.error().message));
  }
  context_.values[query.id] = std::move(*value);
  return {};
}

Expected<std::vector<std::pair<const Query*, Line>>> Answerer::lines() {
  // Metrics first: METRICS() takes them all.
  std::set<std::string> doing;
  for (const bool expressions : {false, true}) {
    for (const Query& query : request_.queries) {
      if (query.expression.empty() == expressions) continue;
      if (const auto done = compute(query, doing); !done) return tl::unexpected(done.error());
    }
  }
  std::vector<std::pair<const Query*, Line>> lines;
  for (const Query& query : request_.queries) {
    if (!query.returned) continue;
    Lines of_query;
    const metrics::MathValue& value = context_.values.at(query.id);
    if (!metrics::append(of_query, value)) {
      return refuse("ValidationError",
                    fmt::format("The expression of {} comes to a number; it must be a time "
                                "series.",
                                query.id));
    }
    const bool one = std::holds_alternative<Line>(value);
    for (Line& line : of_query) {
      if (!query.label.empty()) {
        line.label = one ? query.label : query.label + " " + line.label;
      } else if (one && !query.expression.empty()) {
        line.label = query.id;
      }
      lines.emplace_back(&query, std::move(line));
    }
  }
  return lines;
}

Json result_of(const Query& query, const Line& line, bool descending, size_t from, size_t count) {
  Json times = Json::array();
  Json values = Json::array();
  const auto put = [&](const auto& entry) {
    times.push_back(json_of(entry.first));
    values.push_back(entry.second);
  };
  const auto size = static_cast<std::ptrdiff_t>(line.values.size());
  const auto first = static_cast<std::ptrdiff_t>(from);
  const auto last = first + static_cast<std::ptrdiff_t>(count);
  if (descending) {
    std::for_each(std::next(line.values.rbegin(), first), std::next(line.values.rbegin(), last),
                  put);
  } else {
    std::for_each(std::next(line.values.begin(), first), std::next(line.values.begin(), last), put);
  }
  return {{"Id", query.id},
          {"Label", line.label},
          {"Timestamps", std::move(times)},
          {"Values", std::move(values)},
          {"StatusCode", last < size ? "PartialData" : "Complete"}};
}

}  // namespace

Expected<void> get_metric_data(Call& call) {
  const Request request = read_request(call.in);
  if (const auto good = call.in.finish(); !good) return good;
  const auto lines = Answerer(call, request).lines();
  if (!lines) return tl::unexpected(lines.error());
  call.out["Messages"] = Json::array();
  Json& results = call.out["MetricDataResults"] = Json::array();
  size_t room = request.points_max;
  for (size_t i = request.first_line; i < lines->size(); ++i) {
    const auto& [query, line] = (*lines)[i];
    const size_t from =
        i == request.first_line ? std::min(request.first_point, line.values.size()) : 0;
    const size_t count = std::min(room, line.values.size() - from);
    if (room == 0) {
      call.out["NextToken"] = fmt::format("{}:0", i);
      break;
    }
    results.push_back(result_of(*query, line, request.descending, from, count));
    room -= count;
    if (from + count < line.values.size()) {
      call.out["NextToken"] = fmt::format("{}:{}", i, from + count);
      break;
    }
  }
  return {};
}

}  // namespace daruma::api::cloudwatch
