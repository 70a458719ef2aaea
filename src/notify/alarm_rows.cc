// SPDX-License-Identifier: Apache-2.0
#include "notify/alarm_rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace daruma::notify {
namespace {

using alarm::Alarm;
using alarm::MetricAlarm;
using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Reads members, and remembers whether all were there and of their kind.
class Reader {
 public:
  explicit Reader(const std::string& text) : Reader(Json::parse(text, nullptr, false)) {}
  explicit Reader(Json json) : json_(std::move(json)), good_(json_.is_object()) {}

  std::string text(const char* name) { return of<std::string>(name, &Json::is_string); }
  bool flag(const char* name) { return of<bool>(name, &Json::is_boolean); }
  double number(const char* name) { return of<double>(name, &Json::is_number); }
  int64_t integer(const char* name) { return of<int64_t>(name, &Json::is_number_integer); }
  WallTime time(const char* name) { return WallTime(WallTime::duration(integer(name))); }
  bool has(const char* name) const { return good_ && json_.contains(name); }
  Reader part(const char* name) { return Reader(has(name) ? json_[name] : Json()); }

  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> all;
    for (const Json& each : has(name) ? json_[name] : Json::array()) {
      good_ = good_ && each.is_string();
      if (good_) all.push_back(each);
    }
    return all;
  }
  std::map<std::string, std::string> map(const char* name) {
    std::map<std::string, std::string> all;
    const Json object = has(name) ? json_[name] : Json::object();
    for (const auto& [key, value] : object.items()) {
      good_ = good_ && value.is_string();
      if (good_) all[key] = value;
    }
    return all;
  }
  // A list of objects; none if it is not there.
  std::vector<Reader> parts(const char* name) {
    std::vector<Reader> all;
    for (const Json& each : has(name) ? json_[name] : Json::array()) all.emplace_back(each);
    return all;
  }
  bool good() const { return good_; }

 private:
  template <class T>
  T of(const char* name, bool (Json::*is)() const noexcept) {
    good_ = good_ && json_.contains(name) && (json_[name].*is)();
    return good_ ? json_[name].get<T>() : T();
  }
  const Json json_;
  bool good_;
};

int64_t number_of(WallTime time) {
  return time.time_since_epoch().count();
}

void add_series(const metrics::SeriesKey& series, Json& json) {
  Json dimensions = Json::object();
  for (const auto& dimension : series.dimensions) dimensions[dimension.name] = dimension.value;
  json["namespace"] = series.space;
  json["metric"] = series.name;
  json["dimensions"] = std::move(dimensions);
}

metrics::SeriesKey read_series(Reader& in) {
  std::vector<metrics::Dimension> dimensions;
  for (auto& [name, value] : in.map("dimensions")) dimensions.push_back({name, value});
  return metrics::SeriesKey::of(in.text("namespace"), in.text("metric"), std::move(dimensions));
}

Json value_of(const metrics::Query& query) {
  Json json{{"id", query.id},
            {"label", query.label},
            {"expression", query.expression},
            {"statistic", query.statistic},
            {"unit", query.unit}};
  add_series(query.key, json);
  if (query.period) json["period"] = query.period->count();
  if (query.returned) json["returned"] = *query.returned;
  return json;
}

metrics::Query read_query(Reader& in) {
  metrics::Query query{.id = in.text("id"),
                       .label = in.text("label"),
                       .expression = in.text("expression"),
                       .key = read_series(in),
                       .statistic = in.text("statistic"),
                       .unit = in.text("unit"),
                       .period = std::nullopt,
                       .returned = std::nullopt};
  if (in.has("period")) query.period = std::chrono::seconds(in.integer("period"));
  if (in.has("returned")) query.returned = in.flag("returned");
  return query;
}

bool is_period(std::chrono::seconds period) {
  return period >= std::chrono::seconds(10) && period <= std::chrono::days(1);
}

// Nullopt: one of them is none.
std::optional<std::vector<metrics::Query>> read_queries(Reader& in) {
  std::vector<metrics::Query> queries;
  for (Reader& each : in.parts("queries")) {
    queries.push_back(read_query(each));
    const metrics::Query& query = queries.back();
    const bool bad_period = query.period ? !is_period(*query.period) : query.is_metric();
    if (!each.good() || bad_period) return std::nullopt;
  }
  const bool one_is_returned = std::ranges::count_if(queries, &metrics::Query::is_returned) == 1;
  if (!queries.empty() && !one_is_returned) return std::nullopt;
  return queries;
}

Json value_of(const MetricAlarm& metric) {
  Json queries = Json::array();
  for (const metrics::Query& query : metric.queries) queries.push_back(value_of(query));
  Json json{{"statistic", metric.statistic},
            {"unit", metric.unit},
            {"queries", std::move(queries)},
            {"period", metric.period.count()},
            {"evaluation_periods", metric.evaluation_periods},
            {"datapoints_to_alarm", metric.datapoints_to_alarm},
            {"threshold", metric.threshold},
            {"comparison", name_of(metric.comparison)},
            {"missing_data", name_of(metric.missing_data)},
            {"evaluate_low_sample_counts", metric.evaluate_low_sample_counts},
            {"datapoints_given", metric.datapoints_given},
            {"missing_data_given", metric.missing_data_given},
            {"low_sample_counts_given", metric.low_sample_counts_given}};
  add_series(metric.series, json);
  return json;
}

std::optional<MetricAlarm> read_metric(Reader in) {
  MetricAlarm metric;
  metric.series = read_series(in);
  metric.statistic = in.text("statistic");
  metric.unit = in.text("unit");
  metric.period = std::chrono::seconds(in.integer("period"));
  metric.evaluation_periods = static_cast<int>(in.integer("evaluation_periods"));
  metric.datapoints_to_alarm = static_cast<int>(in.integer("datapoints_to_alarm"));
  metric.threshold = in.number("threshold");
  metric.evaluate_low_sample_counts = in.flag("evaluate_low_sample_counts");
  metric.datapoints_given = in.flag("datapoints_given");
  metric.missing_data_given = in.flag("missing_data_given");
  metric.low_sample_counts_given = in.flag("low_sample_counts_given");
  const auto comparison = alarm::parse_comparison(in.text("comparison"));
  const auto missing = alarm::parse_missing_data(in.text("missing_data"));
  auto queries = read_queries(in);
  if (!in.good() || !comparison || !missing || !queries || !is_period(metric.period))
    return std::nullopt;
  metric.queries = std::move(*queries);
  metric.comparison = *comparison;
  metric.missing_data = *missing;
  return metric;
}

}  // namespace

std::string row_of(const Alarm& alarm) {
  Json json{{"name", alarm.name},
            {"description", alarm.description},
            {"actions_enabled", alarm.actions_enabled},
            {"ok_actions", alarm.ok_actions},
            {"alarm_actions", alarm.alarm_actions},
            {"insufficient_data_actions", alarm.insufficient_data_actions},
            {"tags", alarm.tags},
            {"updated", number_of(alarm.updated)}};
  if (alarm.metric) json["metric"] = value_of(*alarm.metric);
  if (alarm.composite) json["rule"] = alarm.composite->rule;
  if (alarm.composite && alarm.composite->suppressor) {
    const alarm::Suppressor& suppressor = *alarm.composite->suppressor;
    json["suppressor"] = {{"alarm", suppressor.written},
                          {"wait", suppressor.wait.count()},
                          {"extension", suppressor.extension.count()}};
  }
  return dump(json);
}

std::optional<Alarm> parse_alarm(const std::string& row) {
  Reader in(row);
  Alarm alarm;
  alarm.name = in.text("name");
  alarm.description = in.text("description");
  alarm.actions_enabled = in.flag("actions_enabled");
  alarm.ok_actions = in.texts("ok_actions");
  alarm.alarm_actions = in.texts("alarm_actions");
  alarm.insufficient_data_actions = in.texts("insufficient_data_actions");
  alarm.tags = in.map("tags");
  alarm.updated = in.time("updated");
  if (in.has("metric")) alarm.metric = read_metric(in.part("metric"));
  if (in.has("rule")) alarm.composite = alarm::CompositeAlarm{in.text("rule")};
  if (alarm.composite && in.has("suppressor")) {
    Reader part = in.part("suppressor");
    alarm.composite->suppressor = {part.text("alarm"), std::chrono::seconds(part.integer("wait")),
                                   std::chrono::seconds(part.integer("extension"))};
    if (!part.good()) return std::nullopt;
  }
  if (!in.good() || alarm.metric.has_value() == alarm.composite.has_value()) return std::nullopt;
  return alarm;
}

std::string row_of(const alarm::Standing& standing) {
  return dump({{"state", name_of(standing.state)},
               {"reason", standing.reason},
               {"reason_data", standing.reason_data},
               {"updated", number_of(standing.updated)},
               {"transitioned", number_of(standing.transitioned)},
               {"acted", name_of(standing.acted)},
               {"suppressed_by", name_of(standing.suppressed_by)},
               {"suppressed_since", number_of(standing.suppressed_since)}});
}

std::optional<alarm::Standing> parse_standing(const std::string& row) {
  Reader in(row);
  const auto state = alarm::parse_state(in.text("state"));
  alarm::Standing standing{alarm::State::ok, in.text("reason"), in.text("reason_data"),
                           in.time("updated"), in.time("transitioned")};
  if (!in.good() || !state) return std::nullopt;
  standing.state = standing.acted = *state;
  if (!in.has("acted")) return standing;  // of a release that suppressed nothing
  const auto acted = alarm::parse_state(in.text("acted"));
  const auto by = alarm::parse_suppressed_by(in.text("suppressed_by"));
  standing.suppressed_since = in.time("suppressed_since");
  if (!in.good() || !acted || !by) return std::nullopt;
  standing.acted = *acted;
  standing.suppressed_by = *by;
  return standing;
}

std::string row_of(const HistoryItem& item) {
  return dump({{"at", number_of(item.at)},
               {"alarm", item.alarm},
               {"composite", item.composite},
               {"type", name_of(item.type)},
               {"summary", item.summary},
               {"data", item.data}});
}

std::optional<HistoryItem> parse_item(const std::string& row) {
  using Type = HistoryItem::Type;
  Reader in(row);
  HistoryItem item{in.time("at"),      in.text("alarm"),   in.flag("composite"),
                   Type::state_update, in.text("summary"), in.text("data")};
  const std::string type = in.text("type");
  for (const Type each : {Type::configuration_update, Type::state_update, Type::action}) {
    if (type == name_of(each)) item.type = each;
  }
  return in.good() ? std::optional(item) : std::nullopt;
}

}  // namespace daruma::notify
