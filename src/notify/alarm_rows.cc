// SPDX-License-Identifier: Apache-2.0
#include "notify/alarm_rows.h"

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

Json value_of(const MetricAlarm& metric) {
  Json dimensions = Json::object();
  for (const auto& dimension : metric.series.dimensions)
    dimensions[dimension.name] = dimension.value;
  return {{"namespace", metric.series.space},
          {"metric", metric.series.name},
          {"dimensions", std::move(dimensions)},
          {"statistic", metric.statistic},
          {"unit", metric.unit},
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
}

std::optional<MetricAlarm> read_metric(Reader in) {
  MetricAlarm metric;
  std::vector<metrics::Dimension> dimensions;
  for (auto& [name, value] : in.map("dimensions")) dimensions.push_back({name, value});
  metric.series =
      metrics::SeriesKey::of(in.text("namespace"), in.text("metric"), std::move(dimensions));
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
  if (!in.good() || !comparison || !missing || metric.period < std::chrono::seconds(10))
    return std::nullopt;
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
  if (!in.good() || alarm.metric.has_value() == alarm.composite.has_value()) return std::nullopt;
  return alarm;
}

std::string row_of(const alarm::Standing& standing) {
  return dump({{"state", name_of(standing.state)},
               {"reason", standing.reason},
               {"reason_data", standing.reason_data},
               {"updated", number_of(standing.updated)},
               {"transitioned", number_of(standing.transitioned)}});
}

std::optional<alarm::Standing> parse_standing(const std::string& row) {
  Reader in(row);
  const auto state = alarm::parse_state(in.text("state"));
  alarm::Standing standing{alarm::State::ok, in.text("reason"), in.text("reason_data"),
                           in.time("updated"), in.time("transitioned")};
  if (!in.good() || !state) return std::nullopt;
  standing.state = *state;
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
