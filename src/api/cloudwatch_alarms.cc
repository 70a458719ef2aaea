// SPDX-License-Identifier: Apache-2.0
//
// PutMetricAlarm, PutCompositeAlarm, DescribeAlarms, DescribeAlarmsForMetric, DescribeAlarmHistory,
// SetAlarmState, EnableAlarmActions, DisableAlarmActions, DeleteAlarms, and tags.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "alarm/math.h"
#include "alarm/rule.h"
#include "api/cloudwatch.h"
#include "api/cloudwatch_alarm_values.h"
#include "api/cloudwatch_values.h"
#include "metrics/statistic.h"
#include "notify/alarm_desk.h"

namespace daruma::api::cloudwatch {
namespace {

using notify::AlarmBook;
using std::string_view;

constexpr int64_t records_max = 100;  // of a page
constexpr size_t names_max = 100;
constexpr size_t reason_bytes_max = 1023;
constexpr size_t reason_data_bytes_max = 4000;

// ---- making and deleting ----

Expected<void> put(Call& call, alarm::Alarm alarm) {
  if (const auto good = call.in.finish(); !good) return good;
  const AlarmBook::Entry* known = call.alarms->book().find(alarm.name);
  if (known != nullptr && known->alarm.composite.has_value() != alarm.composite.has_value()) {
    return refuse("ValidationError",
                  fmt::format("there is an alarm {} of the other type already", alarm.name));
  }
  // Tags are given with a new alarm only; later they are TagResource's (PutMetricAlarm, Tags).
  if (known != nullptr && !known->built_in) alarm.tags = known->alarm.tags;
  const auto done = call.alarms->put(std::move(alarm));
  if (!done) return refuse("LimitExceeded", done.error().message);
  return {};
}

Expected<void> put_metric_alarm(Call& call) {
  alarm::Alarm alarm = read_metric_alarm(call.in);
  if (const auto good = call.in.finish(); !good) return good;
  if (!alarm.metric->queries.empty()) {
    const auto good = alarm::check_queries(*alarm.metric, call.series, call.now);
    if (!good) return refuse("ValidationError", good.error().message);
  }
  return put(call, std::move(alarm));
}

// Whether the alarm's rule names, at whatever distance, the one of this name.
bool leads_to(const AlarmBook& book, const alarm::Rule& rule, const std::string& name,
              std::set<std::string>& seen) {
  return std::ranges::any_of(rule.alarms(), [&](const std::string& each) {
    if (each == name) return true;
    const AlarmBook::Entry* entry = book.find(each);
    return entry != nullptr && entry->rule && seen.insert(each).second &&
           leads_to(book, *entry->rule, name, seen);
  });
}

Expected<void> check_suppressor(const AlarmBook& book, const alarm::Alarm& alarm) {
  if (!alarm.composite->suppressor) return {};
  const std::string name = alarm::name_in(alarm.composite->suppressor->written);
  if (name == alarm.name)
    return refuse("ValidationError", fmt::format("{} cannot suppress itself", name));
  if (book.find(name) == nullptr) {
    return refuse("ValidationError",
                  fmt::format("ActionsSuppressor is an alarm that is not there: {}", name));
  }
  return {};
}

Expected<void> put_composite_alarm(Call& call) {
  alarm::Alarm alarm = read_composite_alarm(call.in);
  if (const auto good = call.in.finish(); !good) return good;
  const auto parsed = alarm::Rule::parse(alarm.composite->rule);
  if (!parsed) return refuse("ValidationError", parsed.error().message);
  for (const std::string& name : parsed->alarms()) {
    if (call.alarms->book().find(name) != nullptr) continue;
    return refuse("ValidationError",
                  fmt::format("AlarmRule names an alarm that is not there: {}", name));
  }
  std::set<std::string> seen;
  if (leads_to(call.alarms->book(), *parsed, alarm.name, seen)) {
    return refuse("ValidationError", fmt::format("AlarmRule leads back to {} itself", alarm.name));
  }
  if (const auto good = check_suppressor(call.alarms->book(), alarm); !good) return good;
  return put(call, std::move(alarm));
}

std::vector<std::string> read_names(Call& call) {
  auto names = call.in.texts("AlarmNames");
  if (names.size() > names_max)
    call.in.fail("ValidationError", fmt::format("at most {} AlarmNames are allowed", names_max));
  return names;
}

Expected<void> delete_alarms(Call& call) {
  call.in.only({"AlarmNames"});
  const auto names = read_names(call);
  if (const auto good = call.in.finish(); !good) return good;
  const AlarmBook& book = call.alarms->book();
  for (const std::string& name : names) {
    if (book.find(name) == nullptr) return refuse("ResourceNotFound", "", 404);
  }
  const auto goes = [&names](const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  for (const auto& [name, entry] : book.entries()) {
    if (!entry.alarm.composite || goes(name)) continue;
    if (entry.rule) {
      const auto& children = entry.rule->alarms();
      const auto child = std::ranges::find_if(children, goes);
      if (child != children.end()) {
        return refuse("ValidationError",
                      fmt::format("{} is named by the rule of composite alarm {}", *child, name));
      }
    }
    const auto& suppressor = entry.alarm.composite->suppressor;
    if (suppressor && goes(alarm::name_in(suppressor->written))) {
      return refuse("ValidationError",
                    fmt::format("{} is the ActionsSuppressor of composite alarm {}",
                                alarm::name_in(suppressor->written), name));
    }
  }
  const auto done = call.alarms->remove(names);
  if (!done) return refuse("ValidationError", done.error().message);
  return {};
}

// ---- showing ----

// Where a page begins and how long it is.
struct Page {
  size_t first = 0;
  size_t most = 50;
};
Page read_page(Call& call, int64_t most) {
  Page page;
  const int64_t asked = call.in.integer("MaxRecords").value_or(std::min<int64_t>(50, most));
  if (asked < 1 || asked > most) {
    call.in.fail("ValidationError", fmt::format("MaxRecords must be between 1 and {}", most));
  } else {
    page.most = static_cast<size_t>(asked);
  }
  if (const auto token = call.in.text("NextToken")) {
    const auto [end, error] =
        std::from_chars(token->data(), token->data() + token->size(), page.first);
    if (error != std::errc() || end != token->data() + token->size())
      call.in.fail("InvalidNextToken", "The parameter NextToken is not one of this operation.");
  }
  return page;
}

struct Types {
  bool metric = true;
  bool composite = false;
};
Types read_types(Call& call) {
  const auto types = call.in.texts("AlarmTypes");
  if (types.empty()) return {};
  Types wanted{false, false};
  for (const std::string& type : types) {
    if (type == "MetricAlarm") {
      wanted.metric = true;
    } else if (type == "CompositeAlarm") {
      wanted.composite = true;
    } else {
      call.in.fail("ValidationError",
                   fmt::format("AlarmTypes must be MetricAlarm or CompositeAlarm, not '{}'", type));
    }
  }
  return wanted;
}

struct Filter {
  std::vector<std::string> names;
  std::optional<std::string> prefix;
  std::optional<alarm::State> state;
  std::optional<std::string> action_prefix;
  Types types;

  bool takes(const AlarmBook::Entry& entry) const {
    const alarm::Alarm& alarm = entry.alarm;
    if (!(alarm.metric ? types.metric : types.composite)) return false;
    if (!names.empty() && std::ranges::find(names, alarm.name) == names.end()) return false;
    if (prefix && !alarm.name.starts_with(*prefix)) return false;
    if (state && entry.standing.state != *state) return false;
    if (!action_prefix) return true;
    for (const auto& actions :
         {alarm.ok_actions, alarm.alarm_actions, alarm.insufficient_data_actions}) {
      for (const std::string& action : actions) {
        if (action.starts_with(*action_prefix)) return true;
      }
    }
    return false;
  }
};

Filter read_filter(Call& call) {
  Filter filter;
  filter.names = read_names(call);
  filter.prefix = call.in.text("AlarmNamePrefix");
  filter.action_prefix = call.in.text("ActionPrefix");
  if (call.in.has("StateValue")) filter.state = read_state(call.in);
  filter.types = read_types(call);
  if (filter.prefix && !filter.names.empty()) {
    call.in.fail("InvalidParameterCombination",
                 "AlarmNames and AlarmNamePrefix cannot be specified together");
  }
  return filter;
}

Expected<void> describe_alarms(Call& call) {
  call.in.only({"AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "ActionPrefix",
                "MaxRecords", "NextToken"});
  const Filter filter = read_filter(call);
  const Page page = read_page(call, records_max);
  if (const auto good = call.in.finish(); !good) return good;
  call.out["MetricAlarms"] = Json::array();
  call.out["CompositeAlarms"] = Json::array();
  size_t place = 0;
  for (const auto& [name, entry] : call.alarms->book().entries()) {
    if (!filter.takes(entry)) continue;
    if (place++ < page.first) continue;
    if (place > page.first + page.most) {
      call.out["NextToken"] = std::to_string(page.first + page.most);
      break;
    }
    call.out[entry.alarm.metric ? "MetricAlarms" : "CompositeAlarms"].push_back(json_of(entry));
  }
  return {};
}

Expected<void> describe_alarms_for_metric(Call& call) {
  call.in.only({"MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period",
                "Unit"});
  const std::string name = call.in.need_text("MetricName");
  const std::string space = call.in.need_text("Namespace");
  const auto key = metrics::SeriesKey::of(space, name, call.in.dimensions());
  auto statistic = call.in.text("Statistic");
  if (!statistic) statistic = call.in.text("ExtendedStatistic");
  const auto unit = read_unit(call.in);
  const auto period = call.in.integer("Period");
  if (const auto good = call.in.finish(); !good) return good;
  call.out["MetricAlarms"] = Json::array();
  for (const auto& [alarm_name, entry] : call.alarms->book().entries()) {
    if (!entry.alarm.metric || entry.alarm.metric->series != key) continue;
    const alarm::MetricAlarm& metric = *entry.alarm.metric;
    if (statistic && metric.statistic != *statistic) continue;
    if (unit && metric.unit != *unit) continue;
    if (period && metric.period.count() != *period) continue;
    call.out["MetricAlarms"].push_back(json_of(entry));
  }
  return {};
}

Expected<void> describe_alarm_history(Call& call) {
  call.in.only({"AlarmName", "AlarmTypes", "HistoryItemType", "StartDate", "EndDate", "MaxRecords",
                "NextToken", "ScanBy"});
  const auto name = call.in.text("AlarmName");
  const Types types = read_types(call);
  const auto type = call.in.text("HistoryItemType");
  const auto from = call.in.time("StartDate");
  const auto to = call.in.time("EndDate");
  const std::string order = call.in.text("ScanBy").value_or("TimestampDescending");
  const Page page = read_page(call, records_max);
  if (type && *type != "ConfigurationUpdate" && *type != "StateUpdate" && *type != "Action")
    call.in.fail("ValidationError", fmt::format("'{}' is no HistoryItemType", *type));
  if (order != "TimestampDescending" && order != "TimestampAscending")
    call.in.fail("ValidationError", fmt::format("'{}' is no order of ScanBy", order));
  if (const auto good = call.in.finish(); !good) return good;
  auto items = call.alarms->book().history([&](const notify::HistoryItem& item) {
    if (!(item.composite ? types.composite : types.metric)) return false;
    if (name && item.alarm != *name) return false;
    if (type && name_of(item.type) != *type) return false;
    return (!from || item.at >= *from) && (!to || item.at < *to);
  });
  if (order == "TimestampAscending") std::ranges::reverse(items);
  call.out["AlarmHistoryItems"] = Json::array();
  for (size_t i = page.first; i < std::min(items.size(), page.first + page.most); ++i)
    call.out["AlarmHistoryItems"].push_back(json_of(items[i]));
  if (items.size() > page.first + page.most)
    call.out["NextToken"] = std::to_string(page.first + page.most);
  return {};
}

// ---- changing ----

Expected<void> set_alarm_state(Call& call) {
  call.in.only({"AlarmName", "StateValue", "StateReason", "StateReasonData"});
  const std::string name = call.in.need_text("AlarmName");
  const alarm::State state = read_state(call.in);
  const std::string reason = call.in.need_text("StateReason");
  const std::string data = call.in.text("StateReasonData").value_or("");
  if (reason.size() > reason_bytes_max || data.size() > reason_data_bytes_max) {
    call.in.fail("ValidationError",
                 fmt::format("StateReason has at most {} bytes, StateReasonData {}",
                             reason_bytes_max, reason_data_bytes_max));
  }
  if (!data.empty() && !Json::parse(data, nullptr, false).is_object())
    call.in.fail("InvalidFormat", "StateReasonData is not JSON");
  if (const auto good = call.in.finish(); !good) return good;
  const auto done = call.alarms->set_state(name, state, reason, data);
  if (!done) return refuse("ResourceNotFound", "", 404);
  return {};
}

Expected<void> switch_actions(Call& call, bool enabled) {
  call.in.only({"AlarmNames"});
  const auto names = read_names(call);
  if (const auto good = call.in.finish(); !good) return good;
  call.alarms->enable_actions(names, enabled);
  return {};
}
Expected<void> enable_alarm_actions(Call& call) {
  return switch_actions(call, true);
}
Expected<void> disable_alarm_actions(Call& call) {
  return switch_actions(call, false);
}

// ---- tags ----

std::string read_resource(Call& call) {
  const std::string arn = call.in.need_text("ResourceARN");
  const size_t name = arn.find(":alarm:");
  if (name != std::string::npos && arn.starts_with("arn:")) return arn.substr(name + 7);
  if (!call.in.failed()) call.in.invalid(fmt::format("{} is not the ARN of an alarm", arn));
  return "";
}

// Of a deleted alarm there are none, which is no error.
Expected<void> list_tags_for_resource(Call& call) {
  call.in.only({"ResourceARN"});
  const std::string name = read_resource(call);
  if (const auto good = call.in.finish(); !good) return good;
  call.out["Tags"] = Json::array();
  const AlarmBook::Entry* entry = call.alarms->book().find(name);
  if (entry == nullptr) return {};
  for (const auto& [key, value] : entry->alarm.tags)
    call.out["Tags"].push_back({{"Key", key}, {"Value", value}});
  return {};
}

Expected<void> change_tags(Call& call, const std::string& name,
                           const std::map<std::string, std::string>& added,
                           const std::vector<std::string>& removed) {
  if (const auto good = call.in.finish(); !good) return good;
  const AlarmBook::Entry* entry = call.alarms->book().find(name);
  if (entry == nullptr)
    return refuse("ResourceNotFoundException", fmt::format("there is no alarm {}", name), 404);
  alarm::Alarm changed = entry->alarm;
  for (const auto& [key, value] : added) changed.tags[key] = value;
  for (const std::string& key : removed) changed.tags.erase(key);
  const auto done = call.alarms->put(std::move(changed));
  if (!done) return refuse("LimitExceeded", done.error().message);
  return {};
}

Expected<void> tag_resource(Call& call) {
  call.in.only({"ResourceARN", "Tags"});
  const std::string name = read_resource(call);
  const auto tags = read_tags(call.in);
  return change_tags(call, name, tags, {});
}
Expected<void> untag_resource(Call& call) {
  call.in.only({"ResourceARN", "TagKeys"});
  const std::string name = read_resource(call);
  const auto keys = call.in.texts("TagKeys");
  return change_tags(call, name, {}, keys);
}

constexpr OperationRow table[] = {
    {"DeleteAlarms", Effect::changes, delete_alarms},
    {"DescribeAlarmHistory", Effect::reads, describe_alarm_history},
    {"DescribeAlarms", Effect::reads, describe_alarms},
    {"DescribeAlarmsForMetric", Effect::reads, describe_alarms_for_metric},
    {"DisableAlarmActions", Effect::changes, disable_alarm_actions},
    {"EnableAlarmActions", Effect::changes, enable_alarm_actions},
    {"ListTagsForResource", Effect::reads, list_tags_for_resource},
    {"PutCompositeAlarm", Effect::changes, put_composite_alarm},
    {"PutMetricAlarm", Effect::changes, put_metric_alarm},
    {"SetAlarmState", Effect::changes, set_alarm_state},
    {"TagResource", Effect::changes, tag_resource},
    {"UntagResource", Effect::changes, untag_resource},
};

}  // namespace

std::span<const OperationRow> alarm_operations() {
  return table;
}

}  // namespace daruma::api::cloudwatch
