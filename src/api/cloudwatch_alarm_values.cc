// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_alarm_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "alarm/math.h"
#include "alarm/rule.h"
#include "api/cloudwatch_queries.h"
#include "api/cloudwatch_values.h"
#include "metrics/statistic.h"

namespace daruma::api::cloudwatch {
namespace {

using alarm::Alarm;
using alarm::MetricAlarm;

// Quotas of AWS's documentation of PutMetricAlarm.
constexpr size_t name_bytes_max = 255;
constexpr size_t description_bytes_max = 1024;
constexpr size_t actions_max = 5;
constexpr size_t action_bytes_max = 1024;
constexpr size_t tags_max = 50;
constexpr int64_t looked_back_max = 86'400;            // seconds, all evaluation periods together
constexpr int64_t looked_back_by_hours_max = 604'800;  // where a period is an hour or more

std::vector<std::string> read_actions(Input& in, std::string_view member) {
  auto actions = in.texts(member);
  if (actions.size() > actions_max) {
    in.fail("ValidationError",
            fmt::format("{} must not have more than {} members", in.path_of(member), actions_max));
  }
  for (const std::string& action : actions) {
    if (!action.empty() && action.size() <= action_bytes_max) continue;
    in.fail("ValidationError", fmt::format("{} has a member that is no ARN", in.path_of(member)));
  }
  return actions;
}

Alarm read_common(Input& in) {
  Alarm alarm;
  alarm.name = in.need_text("AlarmName");
  alarm.description = in.text("AlarmDescription").value_or("");
  const bool bad_name =
      alarm.name.empty() || alarm.name.size() > name_bytes_max ||
      std::ranges::any_of(alarm.name, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (bad_name && !in.failed()) {
    in.fail("ValidationError",
            fmt::format("AlarmName must have 1 to {} characters, none of them a control character",
                        name_bytes_max));
  }
  if (alarm.description.size() > description_bytes_max) {
    in.fail("ValidationError", fmt::format("AlarmDescription must not be longer than {} bytes",
                                           description_bytes_max));
  }
  alarm.actions_enabled = in.flag("ActionsEnabled").value_or(true);
  alarm.ok_actions = read_actions(in, "OKActions");
  alarm.alarm_actions = read_actions(in, "AlarmActions");
  alarm.insufficient_data_actions = read_actions(in, "InsufficientDataActions");
  alarm.tags = read_tags(in);
  return alarm;
}

std::string read_statistic(Input& in) {
  const auto plain = in.text("Statistic");
  const auto extended = in.text("ExtendedStatistic");
  if (plain.has_value() == extended.has_value()) {
    in.fail("InvalidParameterCombination",
            "Exactly one of Statistic and ExtendedStatistic must be specified");
    return "Average";
  }
  const std::string& name = plain ? *plain : *extended;
  const auto statistic = metrics::Statistic::of(name);
  if (statistic && statistic->is_percentile() == extended.has_value()) return name;
  in.invalid(fmt::format("The value {} for parameter {} is not supported.", name,
                         plain ? "Statistic" : "ExtendedStatistic"));
  return "Average";
}

// M of N, over no more than a day.
void read_evaluation(Input& in, MetricAlarm& metric) {
  const int64_t periods = in.need_integer("EvaluationPeriods");
  const int64_t datapoints = in.integer("DatapointsToAlarm").value_or(periods);
  const int64_t period = metric.period.count();
  const int64_t most = period >= 3600 ? looked_back_by_hours_max : looked_back_max;
  if (periods < 1 || periods > most / period) {
    in.fail("ValidationError",
            fmt::format("Metrics can be checked over at most {} seconds, all EvaluationPeriods "
                        "together, and over one at least",
                        most));
    return;
  }
  if (datapoints < 1 || datapoints > periods) {
    in.fail("ValidationError", "DatapointsToAlarm must be between 1 and EvaluationPeriods");
    return;
  }
  metric.evaluation_periods = static_cast<int>(periods);
  metric.datapoints_to_alarm = static_cast<int>(datapoints);
  metric.datapoints_given = in.has("DatapointsToAlarm");
}

void read_missing_data(Input& in, MetricAlarm& metric) {
  if (const auto text = in.text("TreatMissingData")) {
    const auto treatment = alarm::parse_missing_data(*text);
    metric.missing_data_given = true;
    metric.missing_data = treatment.value_or(alarm::MissingData::missing);
    if (!treatment)
      in.invalid(
          fmt::format("The value {} is not supported for TreatMissingData parameter. "
                      "Supported values are [breaching, notBreaching, ignore, missing].",
                      *text));
  }
  if (const auto text = in.text("EvaluateLowSampleCountPercentile")) {
    metric.low_sample_counts_given = true;
    metric.evaluate_low_sample_counts = *text == "evaluate";
    if (*text != "evaluate" && *text != "ignore") {
      in.invalid(
          fmt::format("The value {} for parameter EvaluateLowSampleCountPercentile is none "
                      "of evaluate and ignore.",
                      *text));
    }
  }
}

// One metric; or several, and what is made of them.
void read_watched(Input& in, MetricAlarm& metric) {
  if (!in.has("Metrics")) {
    std::string space = in.need_text("Namespace");
    std::string name = in.need_text("MetricName");
    metric.series = metrics::SeriesKey::of(space, name, in.dimensions());
    metric.statistic = read_statistic(in);
    metric.unit = read_unit(in).value_or("");
    metric.period = read_period(in);
    return;
  }
  for (const std::string_view member : {"Namespace", "MetricName", "Dimensions", "Statistic",
                                        "ExtendedStatistic", "Unit", "Period"}) {
    if (!in.has(member)) continue;
    in.fail("ValidationError",
            fmt::format("Parameters Metrics and {} are mutually exclusive.", member));
  }
  metric.queries = read_queries(in, "Metrics");
  if (metric.queries.empty()) in.fail("ValidationError", "Metrics must have at least one member");
  if (std::ranges::any_of(metric.queries, &metrics::Query::is_returned))
    metric.period = metrics::period_of(alarm::judged_query(metric), metric.queries);
}

// At most a week: nobody waits for longer.
std::chrono::seconds read_suppressor_period(Input& in, std::string_view member) {
  constexpr int64_t most = 604'800;
  const int64_t seconds = in.need_integer(member);
  if (seconds < 0 || seconds > most)
    in.fail("ValidationError", fmt::format("{} must be between 0 and {}", member, most));
  return std::chrono::seconds(seconds);
}

void read_suppressor(Input& in, alarm::CompositeAlarm& composite) {
  constexpr std::string_view wait = "ActionsSuppressorWaitPeriod";
  constexpr std::string_view extension = "ActionsSuppressorExtensionPeriod";
  const std::string name = in.text("ActionsSuppressor").value_or("");
  const bool wait_given = in.has(wait);
  const bool extension_given = in.has(extension);
  if (!name.empty() && wait_given && extension_given) {
    composite.suppressor = {name, read_suppressor_period(in, wait),
                            read_suppressor_period(in, extension)};
  } else if (!name.empty() || wait_given || extension_given) {
    in.fail("ValidationError",
            "ActionsSuppressor, ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod "
            "must be specified together");
  }
}

std::string suppression_reason(const notify::AlarmBook::Entry& entry) {
  const alarm::Suppressor& suppressor = *entry.alarm.composite->suppressor;
  const std::string arn = alarm::arn_of(alarm::name_in(suppressor.written));
  switch (entry.standing.suppressed_by) {
    case alarm::SuppressedBy::nothing:
      break;
    case alarm::SuppressedBy::wait_period:
      return fmt::format("Actions wait up to {} seconds for {} to go into ALARM",
                         suppressor.wait.count(), arn);
    case alarm::SuppressedBy::extension_period:
      return fmt::format("Actions wait for {} seconds after {} has left ALARM",
                         suppressor.extension.count(), arn);
    case alarm::SuppressedBy::suppressor:
      return fmt::format("Actions are suppressed by {}, which is in ALARM", arn);
  }
  return "";
}

void write_composite(const notify::AlarmBook::Entry& entry, Json& json) {
  const alarm::CompositeAlarm& composite = *entry.alarm.composite;
  json["AlarmRule"] = composite.rule;
  if (!composite.suppressor) return;
  json["ActionsSuppressor"] = composite.suppressor->written;
  json["ActionsSuppressorWaitPeriod"] = composite.suppressor->wait.count();
  json["ActionsSuppressorExtensionPeriod"] = composite.suppressor->extension.count();
  if (entry.standing.suppressed_by == alarm::SuppressedBy::nothing) return;
  json["ActionsSuppressedBy"] = name_of(entry.standing.suppressed_by);
  json["ActionsSuppressedReason"] = suppression_reason(entry);
}

void write_common(const notify::AlarmBook::Entry& entry, Json& json) {
  const Alarm& alarm = entry.alarm;
  json["AlarmName"] = alarm.name;
  json["AlarmArn"] = alarm::arn_of(alarm.name);
  if (!alarm.description.empty()) json["AlarmDescription"] = alarm.description;
  json["AlarmConfigurationUpdatedTimestamp"] = json_of(alarm.updated);
  json["ActionsEnabled"] = alarm.actions_enabled;
  json["OKActions"] = alarm.ok_actions;
  json["AlarmActions"] = alarm.alarm_actions;
  json["InsufficientDataActions"] = alarm.insufficient_data_actions;
  json["StateValue"] = name_of(entry.standing.state);
  json["StateReason"] = entry.standing.reason;
  if (!entry.standing.reason_data.empty()) json["StateReasonData"] = entry.standing.reason_data;
  json["StateUpdatedTimestamp"] = json_of(entry.standing.updated);
  json["StateTransitionedTimestamp"] = json_of(entry.standing.transitioned);
}

void write_one_metric(const MetricAlarm& metric, Json& json) {
  json["Namespace"] = metric.series.space;
  json["MetricName"] = metric.series.name;
  json["Dimensions"] = Json::array();
  for (const metrics::Dimension& dimension : metric.series.dimensions)
    json["Dimensions"].push_back({{"Name", dimension.name}, {"Value", dimension.value}});
  const auto statistic = metrics::Statistic::of(metric.statistic);
  const bool extended = statistic && statistic->is_percentile();
  json[extended ? "ExtendedStatistic" : "Statistic"] = metric.statistic;
  if (!metric.unit.empty()) json["Unit"] = metric.unit;
  json["Period"] = metric.period.count();
}

void write_metric(const MetricAlarm& metric, Json& json) {
  if (metric.queries.empty()) write_one_metric(metric, json);
  for (const metrics::Query& query : metric.queries) json["Metrics"].push_back(json_of(query));
  json["EvaluationPeriods"] = metric.evaluation_periods;
  if (metric.datapoints_given) json["DatapointsToAlarm"] = metric.datapoints_to_alarm;
  json["Threshold"] = metric.threshold;
  json["ComparisonOperator"] = name_of(metric.comparison);
  if (metric.missing_data_given) json["TreatMissingData"] = name_of(metric.missing_data);
  if (metric.low_sample_counts_given) {
    json["EvaluateLowSampleCountPercentile"] =
        metric.evaluate_low_sample_counts ? "evaluate" : "ignore";
  }
}

}  // namespace

std::map<std::string, std::string> read_tags(Input& in) {
  std::map<std::string, std::string> tags;
  for (Input& tag : in.objects("Tags")) {
    tag.only({"Key", "Value"});
    std::string key = tag.need_text("Key");
    tags[std::move(key)] = tag.need_text("Value");
  }
  if (tags.size() > tags_max)
    in.fail("ValidationError", fmt::format("at most {} tags are allowed", tags_max));
  return tags;
}

alarm::State read_state(Input& in) {
  const std::string text = in.need_text("StateValue");
  const auto state = alarm::parse_state(text);
  if (!state && !in.failed()) {
    in.fail("ValidationError",
            fmt::format("1 validation error detected: Value '{}' at 'stateValue' failed to satisfy "
                        "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, "
                        "ALARM, OK]",
                        text));
  }
  return state.value_or(alarm::State::ok);
}

Alarm read_metric_alarm(Input& in) {
  in.only({"AlarmName",
           "AlarmDescription",
           "ActionsEnabled",
           "OKActions",
           "AlarmActions",
           "InsufficientDataActions",
           "MetricName",
           "Namespace",
           "Statistic",
           "ExtendedStatistic",
           "Dimensions",
           "Period",
           "Unit",
           "EvaluationPeriods",
           "DatapointsToAlarm",
           "Threshold",
           "ComparisonOperator",
           "TreatMissingData",
           "EvaluateLowSampleCountPercentile",
           "Metrics",
           "Tags"});
  Alarm alarm = read_common(in);
  MetricAlarm& metric = alarm.metric.emplace();
  read_watched(in, metric);
  metric.threshold = in.need_number("Threshold");
  if (!std::isfinite(metric.threshold)) in.invalid("The parameter Threshold must be finite.");
  const std::string operation = in.need_text("ComparisonOperator");
  const auto comparison = alarm::parse_comparison(operation);
  if (!comparison && !in.failed()) {
    in.fail("ValidationError",
            fmt::format("ComparisonOperator must be one of GreaterThanOrEqualToThreshold, "
                        "GreaterThanThreshold, LessThanThreshold and LessThanOrEqualToThreshold, "
                        "not '{}'",
                        operation));
  }
  metric.comparison = comparison.value_or(alarm::Comparison::greater);
  read_evaluation(in, metric);
  read_missing_data(in, metric);
  return alarm;
}

Alarm read_composite_alarm(Input& in) {
  in.only({"AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions",
           "InsufficientDataActions", "AlarmRule", "ActionsSuppressor",
           "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod", "Tags"});
  Alarm alarm = read_common(in);
  const std::string rule = in.need_text("AlarmRule");
  const auto parsed = alarm::Rule::parse(rule);
  if (!parsed && !in.failed()) in.fail("ValidationError", parsed.error().message);
  read_suppressor(in, alarm.composite.emplace(alarm::CompositeAlarm{rule}));
  return alarm;
}

Json json_of(const notify::AlarmBook::Entry& entry) {
  Json json = Json::object();
  write_common(entry, json);
  if (entry.alarm.metric) write_metric(*entry.alarm.metric, json);
  if (entry.alarm.composite) write_composite(entry, json);
  return json;
}

Json json_of(const notify::HistoryItem& item) {
  return {{"AlarmName", item.alarm},
          {"AlarmType", item.composite ? "CompositeAlarm" : "MetricAlarm"},
          {"Timestamp", json_of(item.at)},
          {"HistoryItemType", name_of(item.type)},
          {"HistorySummary", item.summary},
          {"HistoryData", item.data}};
}

}  // namespace daruma::api::cloudwatch
