// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_metric_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "api/cloudwatch_queries.h"
#include "api/cloudwatch_search.h"
#include "api/cloudwatch_values.h"
#include "metrics/query.h"

namespace daruma::api::cloudwatch {
namespace {

using metrics::Line;
using metrics::Lines;
using metrics::Query;
using metrics::QueryRunner;
using metrics::Seconds;
using metrics::SeriesKey;

// Quotas of AWS's documentation of GetMetricData; of series that one SEARCH finds, 100 as there.
constexpr size_t queries_max = 500;
constexpr size_t datapoints_max = 100'800;
constexpr size_t found_max = 100;

struct Request {
  std::vector<Query> queries;
  TimeRange range;
  bool descending = true;
  size_t points_max = datapoints_max;
  size_t first_line = 0;  // of this page
  size_t first_point = 0;
};

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
    if (!query.is_metric() || !query.period) continue;
    ways[query.key].first.insert(query.statistic);
    ways[query.key].second.insert(*query.period);
  }
  for (Query& query : queries) {
    if (!query.is_metric() || !query.period || !query.label.empty()) continue;
    const auto& [statistics, periods] = ways[query.key];
    query.label = query.key.name;
    if (statistics.size() > 1) query.label += " " + query.statistic;
    if (periods.size() > 1) query.label += fmt::format(" {}", query.period->count());
  }
}

Request read_request(Input& in) {
  in.only({"MetricDataQueries", "StartTime", "EndTime", "NextToken", "ScanBy", "MaxDatapoints",
           "LabelOptions"});
  Request request;
  request.range = read_range(in);
  request.queries = read_queries(in, "MetricDataQueries");
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

// SEARCH(what, statistic, period).
Result<Lines> search(const Call& call, const QueryRunner& runner, const std::string& what,
                     const std::string& statistic, Seconds period) {
  const auto search = MetricSearch::of(what);
  if (!search) return fail(search.error().message);
  Lines lines;
  for (const metrics::SeriesFacts* facts :
       call.series.list({.written_since = call.now - std::chrono::days(14)})) {
    if (!search->fits(facts->key)) continue;
    auto line = runner.line_of(facts->key, statistic, period, "");
    if (!line) return fail(line.error().message);
    for (const metrics::Dimension& dimension : facts->key.dimensions)
      line->label += " " + dimension.value;
    lines.push_back(std::move(*line));
    if (lines.size() == found_max) break;
  }
  return lines;
}

// Of all that is returned, in the order of the queries; a number is no series.
Expected<std::vector<std::pair<const Query*, Line>>> lines_of(const Call& call,
                                                              const Request& request) {
  const WallTime from = request.range.from;
  QueryRunner runner(
      call.series, request.queries,
      {from, request.range.to, [from](Seconds period) { return origin_of(from, period); }},
      [&call](const QueryRunner& asked, const auto& what, const auto& statistic, Seconds period) {
        return search(call, asked, what, statistic, period);
      });
  if (const auto done = runner.run(); !done) return refuse("ValidationError", done.error().message);
  std::vector<std::pair<const Query*, Line>> lines;
  for (const Query& query : request.queries) {
    if (!query.is_returned()) continue;
    Lines of_query;
    const metrics::MathValue& value = runner.value(query.id);
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
      } else if (one && !query.is_metric()) {
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
  const auto lines = lines_of(call, request);
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
