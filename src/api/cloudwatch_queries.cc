// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "api/cloudwatch_values.h"
#include "metrics/statistic.h"

namespace daruma::api::cloudwatch {
namespace {

using metrics::Query;

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
  query.unit = read_unit(stat).value_or("");
  query.statistic = stat.need_text("Stat");
  if (!metrics::Statistic::of(query.statistic) && !stat.failed()) {
    stat.fail("ValidationError", fmt::format("The value {} for parameter {} is not supported.",
                                             query.statistic, stat.path_of("Stat")));
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
  query.returned = in.flag("ReturnData");
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

}  // namespace

std::vector<Query> read_queries(Input& in, std::string_view member) {
  std::vector<Query> queries;
  std::set<std::string> ids;
  for (Input& each : in.objects(member)) {
    queries.push_back(read_query(each));
    const std::string& id = queries.back().id;
    if (!ids.insert(id).second)
      in.fail("ValidationError", fmt::format("The id {} is there more than once.", id));
  }
  return queries;
}

Json json_of(const Query& query) {
  Json json{{"Id", query.id}};
  if (!query.label.empty()) json["Label"] = query.label;
  if (query.is_metric()) {
    Json& stat = json["MetricStat"] = {{"Metric", json_of(query.key)}, {"Stat", query.statistic}};
    if (query.period) stat["Period"] = query.period->count();
    if (!query.unit.empty()) stat["Unit"] = query.unit;
  } else {
    json["Expression"] = query.expression;
    if (query.period) json["Period"] = query.period->count();
  }
  if (query.returned) json["ReturnData"] = *query.returned;
  return json;
}

}  // namespace daruma::api::cloudwatch
