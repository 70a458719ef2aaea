// SPDX-License-Identifier: Apache-2.0
//
// ListMetrics, PutMetricData, GetMetricStatistics; GetMetricData is in cloudwatch_metric_data.cc.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "api/cloudwatch.h"
#include "api/cloudwatch_metric_data.h"
#include "api/cloudwatch_values.h"
#include "metrics/statistic.h"

namespace daruma::api::cloudwatch {
namespace {

using metrics::Dimension;
using metrics::Point;
using metrics::SeriesFacts;
using metrics::SeriesKey;
using std::string_view;

// Quotas of AWS's documentation of each operation.
constexpr size_t list_page = 500;
constexpr size_t data_max = 1000;
constexpr size_t values_max = 150;
constexpr int64_t datapoints_max = 1440;

// ---- ListMetrics ----

metrics::SeriesFilter read_filter(Call& call) {
  metrics::SeriesFilter filter{.space = call.in.text("Namespace"),
                               .name = call.in.text("MetricName"),
                               .written_since = call.now - std::chrono::days(14)};
  for (Input& each : call.in.objects("Dimensions")) {
    each.only({"Name", "Value"});
    std::string name = each.need_text("Name");
    filter.dimensions.push_back({std::move(name), each.text("Value")});
  }
  if (const auto active = call.in.text("RecentlyActive")) {
    if (*active != "PT3H") call.in.invalid("The parameter RecentlyActive must be PT3H.");
    filter.written_since = call.now - 3h;
  }
  return filter;
}

// Where the page begins; what was given back with the one before.
size_t read_page(Call& call) {
  const auto token = call.in.text("NextToken");
  if (!token) return 0;
  size_t first = 0;
  const auto [end, error] = std::from_chars(token->data(), token->data() + token->size(), first);
  if (error != std::errc() || end != token->data() + token->size()) {
    call.in.fail("InvalidParameterValue", "The parameter NextToken is not one of this operation.");
  }
  return first;
}

Expected<void> list_metrics(Call& call) {
  call.in.only({"Namespace", "MetricName", "Dimensions", "NextToken", "RecentlyActive",
                "IncludeLinkedAccounts", "OwningAccount"});
  const metrics::SeriesFilter filter = read_filter(call);
  const size_t first = read_page(call);
  if (const auto good = call.in.finish(); !good) return good;
  const auto found = call.series.list(filter);
  Json page = Json::array();
  for (size_t i = first; i < found.size() && page.size() < list_page; ++i) {
    page.push_back(json_of(found[i]->key));
  }
  if (first + page.size() < found.size()) {
    call.out["NextToken"] = std::to_string(first + page.size());
  }
  call.out["Metrics"] = std::move(page);
  return {};
}

// ---- PutMetricData ----

void check_exclusive(Input& datum, string_view other) {
  if (!datum.has("Value") || !datum.has(other)) return;
  datum.fail("InvalidParameterCombination",
             fmt::format("The parameters {} and {} are mutually exclusive and you have specified "
                         "both.",
                         datum.path_of("Value"), datum.path_of(other)));
}

Point read_values(Input& datum) {
  const std::vector<double> values = datum.numbers("Values");
  std::vector<double> counts = datum.numbers("Counts");
  if (!datum.has("Counts")) counts.assign(values.size(), 1);
  Point point;
  if (values.size() != counts.size()) {
    datum.invalid(fmt::format("The parameters {} and {} must be of the same size.",
                              datum.path_of("Values"), datum.path_of("Counts")));
    return point;
  }
  if (values.size() > values_max) datum.invalid("There are more than 150 Values.");
  for (size_t i = 0; i < values.size(); ++i) {
    const double count = counts[i];
    if (count < 1 || count > 1e15 || count != std::floor(count)) {
      datum.invalid("Counts of this release are whole numbers from 1.");
      return point;
    }
    point.merge(Point::of_values(values[i], static_cast<uint64_t>(count)));
  }
  return point;
}

Point read_statistics(Input& datum, Input& statistics) {
  statistics.only({"SampleCount", "Sum", "Minimum", "Maximum"});
  Point point;
  point.count = statistics.need_number("SampleCount");
  point.sum = statistics.need_number("Sum");
  point.minimum = statistics.need_number("Minimum");
  point.maximum = statistics.need_number("Maximum");
  if (point.count <= 0 || point.minimum > point.maximum) {
    datum.invalid(
        fmt::format("The parameter {} is no set of statistics.", datum.path_of("StatisticValues")));
  }
  return point;
}

struct Datum {
  SeriesKey key;
  std::string unit;
  WallTime at;
  Point point;
};

Datum read_datum(Input& datum, const std::string& space, WallTime now) {
  datum.only({"MetricName", "Dimensions", "Timestamp", "Value", "StatisticValues", "Values",
              "Counts", "Unit", "StorageResolution"});
  Datum read{SeriesKey::of(space, datum.need_text("MetricName"), datum.dimensions()),
             read_unit(datum).value_or("None"),
             datum.time("Timestamp").value_or(now),
             {}};
  check_exclusive(datum, "Values");
  check_exclusive(datum, "StatisticValues");
  if (auto statistics = datum.object("StatisticValues")) {
    read.point = read_statistics(datum, *statistics);
  } else if (datum.has("Values")) {
    read.point = read_values(datum);
  } else {
    read.point = Point::of_values(datum.need_number("Value"), 1);
  }
  if (const auto resolution = datum.integer("StorageResolution").value_or(60);
      resolution != 60 && resolution != 1) {
    datum.invalid("The parameter StorageResolution must be 1 or 60.");
  }
  if (read.at < now - std::chrono::days(14) || read.at > now + 2h) {
    datum.invalid(
        fmt::format("The parameter {} must specify a time no more than two weeks in the "
                    "past and two hours in the future.",
                    datum.path_of("Timestamp")));
  }
  return read;
}

void check_room(Call& call, Input& datum, const Datum& read) {
  const SeriesFacts* known = call.series.find(read.key);
  if (known == nullptr && call.series.size() >= call.series.limits().series_max / 4 * 3) {
    datum.fail("LimitExceeded", "This node keeps no more metrics.");
  }
  if (known != nullptr && known->unit != read.unit) {
    datum.invalid(fmt::format("A metric has one unit in this release, and {} has {}.",
                              read.key.name, known->unit));
  }
}

Expected<void> put_metric_data(Call& call) {
  call.in.only({"Namespace", "MetricData"});
  const std::string space = call.in.need_text("Namespace");
  if (space.starts_with("AWS/") || space.starts_with(':') || space == metrics::own_namespace) {
    call.in.invalid("The value of the parameter Namespace is reserved.");
  }
  std::vector<Datum> data;
  auto list = call.in.objects("MetricData");
  if (list.empty()) call.in.fail("MissingParameter", "The parameter MetricData is required.");
  if (list.size() > data_max) call.in.invalid("There are more than 1000 MetricData.");
  for (Input& datum : list) {
    data.push_back(read_datum(datum, space, call.now));
    check_room(call, datum, data.back());
  }
  if (const auto good = call.in.finish(); !good) return good;
  for (const Datum& datum : data) call.series.write(datum.key, datum.unit, datum.at, datum.point);
  return {};
}

// ---- GetMetricStatistics ----

struct Wanted {
  std::string name;
  metrics::Statistic statistic;
};

std::vector<Wanted> read_statistics(Call& call) {
  std::vector<Wanted> wanted;
  for (const char* list : {"Statistics", "ExtendedStatistics"}) {
    for (const std::string& name : call.in.texts(list)) {
      const auto statistic = metrics::Statistic::of(name);
      if (statistic && statistic->is_percentile() == (list[0] == 'E')) {
        wanted.push_back({name, *statistic});
      } else {
        call.in.invalid(fmt::format("The value {} for parameter {} is not supported.", name, list));
      }
    }
  }
  if (wanted.empty() || (call.in.has("Statistics") && call.in.has("ExtendedStatistics"))) {
    call.in.fail("InvalidParameterCombination",
                 "You must specify either Statistics or ExtendedStatistics, but not both.");
  }
  return wanted;
}

Json datapoint_of(const Point& point, const std::vector<Wanted>& wanted, const std::string& unit) {
  Json json{{"Timestamp", json_of(point.start)}, {"Unit", unit}};
  for (const Wanted& each : wanted) {
    const auto value = each.statistic.value(point);
    if (!value) continue;
    if (each.statistic.is_percentile()) {
      json["ExtendedStatistics"][each.name] = *value;
    } else {
      json[each.name] = *value;
    }
  }
  return json;
}

Expected<void> get_metric_statistics(Call& call) {
  Input& in = call.in;
  in.only({"Namespace", "MetricName", "Dimensions", "StartTime", "EndTime", "Period", "Statistics",
           "ExtendedStatistics", "Unit"});
  const std::string space = in.need_text("Namespace");
  const std::string name = in.need_text("MetricName");
  const SeriesKey key{space, name, in.dimensions()};
  const TimeRange range = read_range(in);
  const metrics::Seconds period = read_period(in);
  const std::vector<Wanted> wanted = read_statistics(call);
  const auto unit = read_unit(in);
  const int64_t asked = std::chrono::ceil<metrics::Seconds>(range.to - range.from) / period;
  if (asked > datapoints_max) {
    in.fail("InvalidParameterCombination",
            fmt::format("You have requested up to {} datapoints, which exceeds the limit of {}. "
                        "You may reduce the datapoints requested by increasing Period, or "
                        "decreasing the time range.",
                        asked, datapoints_max));
  }
  if (const auto good = in.finish(); !good) return good;
  call.out = {{"Label", name}, {"Datapoints", Json::array()}};
  const SeriesFacts* facts = call.series.find(key);
  if (facts == nullptr || (unit && *unit != facts->unit)) return {};
  const WallTime origin = origin_of(range.from, period);
  for (const Point& point : call.series.read(key, origin, range.to, period, origin)) {
    call.out["Datapoints"].push_back(datapoint_of(point, wanted, facts->unit));
  }
  return {};
}

constexpr std::array<OperationRow, 4> operations{{
    {"GetMetricData", Effect::reads, get_metric_data},
    {"GetMetricStatistics", Effect::reads, get_metric_statistics},
    {"ListMetrics", Effect::reads, list_metrics},
    {"PutMetricData", Effect::changes, put_metric_data},
}};

}  // namespace

std::span<const OperationRow> metric_operations() {
  return operations;
}

}  // namespace daruma::api::cloudwatch
