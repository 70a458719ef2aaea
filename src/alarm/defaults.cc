// SPDX-License-Identifier: Apache-2.0
#include "alarm/defaults.h"

#include <fmt/format.h>

#include <utility>

namespace daruma::alarm {
namespace {

using metrics::SeriesFacts;
using std::string_view;

using metrics::alb_namespace;
using metrics::certificate_dimension;
using metrics::load_balancer_dimension;
using metrics::own_namespace;
using metrics::target_group_dimension;

// What there is one alarm of each: everything that has this figure, written every 10 s, with just
// these dimensions.
struct Subject {
  string_view space;
  string_view metric;
  string_view named_by;  // the dimension that names it; "": the node
  string_view also;      // another that the figure has; "": none
};
constexpr Subject balancers{own_namespace, "ActiveClientConnections", load_balancer_dimension, ""};
constexpr Subject groups{alb_namespace, "HealthyHostCount", target_group_dimension,
                         load_balancer_dimension};
constexpr Subject certificates{own_namespace, "CertificateDaysToExpiry", certificate_dimension, ""};
constexpr Subject node{own_namespace, "ConfigurationRevision", "", ""};

struct Row {
  string_view name;  // before what it is about
  const Subject& subject;
  string_view space;
  string_view metric;
  string_view statistic;
  std::chrono::seconds period;
  int periods;
  int datapoints;
  Comparison comparison;
  double threshold;
  MissingData missing;
  string_view description;  // "{}" is what it is about
};

using std::chrono::seconds;
constexpr Comparison at_least = Comparison::greater_or_equal;

// A count that is not there is 0: nothing was turned away, nobody is ill. A level is unknown.
constexpr Row rows[] = {
    {"daruma-5xx", balancers, alb_namespace, "HTTPCode_ELB_5XX_Count", "Sum", seconds(60), 3, 2,
     at_least, 10, MissingData::not_breaching,
     "Load balancer {} answered with 5xx of its own: targets could not be reached, were full, or "
     "did not answer as HTTP."},
    {"daruma-no-healthy-target", groups, alb_namespace, "HealthyHostCount", "Maximum", seconds(10),
     3, 3, Comparison::less, 1, MissingData::ignore,
     "No target of {} is healthy: requests go to all of them, or fail."},
    {"daruma-flapping", groups, own_namespace, "HealthFlipCount", "Sum", seconds(300), 1, 1,
     at_least, 4, MissingData::not_breaching,
     "Targets of {} become healthy and unhealthy by turns: they are overloaded, or their health "
     "check is too strict."},
    {"daruma-saturation", groups, own_namespace, "TurnedAwayRequestCount", "Sum", seconds(60), 3, 2,
     at_least, 1, MissingData::not_breaching,
     "Requests for {} were turned away because every target was full for as long as they may "
     "wait."},
    {"daruma-certificate", certificates, own_namespace, "CertificateDaysToExpiry", "Minimum",
     seconds(60), 1, 1, Comparison::less, 21, MissingData::ignore,
     "Certificate {} ends within 21 days."},
    {"daruma-configuration-refused", node, own_namespace, "ConfigurationNotApplied", "Maximum",
     seconds(10), 1, 1, at_least, 1, MissingData::ignore,
     "The configuration file is not what serves: it was refused. `daruma check` says why."},
    {"daruma-configuration-problems", node, own_namespace, "ConfigurationProblems", "Maximum",
     seconds(60), 2, 2, at_least, 1, MissingData::ignore,
     "Something of the configuration could not be done, such as a port in use; GET /config names "
     "it."},
};

// "app/web/50dc6c495c0c9188" → "web".
std::string short_name(const std::string& resource) {
  const size_t first = resource.find('/');
  const size_t last = resource.rfind('/');
  if (first == std::string::npos || first == last) return resource;
  return resource.substr(first + 1, last - first - 1);
}

// Nullopt if the series has other dimensions.
std::optional<std::string> name_in(const Subject& subject, const SeriesFacts& facts) {
  const size_t expected = (subject.named_by.empty() ? 0u : 1u) + (subject.also.empty() ? 0u : 1u);
  if (facts.key.dimensions.size() != expected) return std::nullopt;
  std::string name;
  for (const metrics::Dimension& dimension : facts.key.dimensions) {
    if (dimension.name == subject.named_by) {
      name = short_name(dimension.value);
    } else if (dimension.name != subject.also) {
      return std::nullopt;
    }
  }
  return name;
}

Alarm alarm_of(const Row& row, const SeriesFacts& facts, const std::string& subject) {
  Alarm alarm;
  alarm.name = subject.empty() ? std::string(row.name) : fmt::format("{}-{}", row.name, subject);
  alarm.description = fmt::format(fmt::runtime(row.description), subject);
  alarm.ok_actions = alarm.alarm_actions = {std::string(everybody)};
  MetricAlarm& metric = alarm.metric.emplace();
  metric.series = {std::string(row.space), std::string(row.metric), facts.key.dimensions};
  metric.statistic = row.statistic;
  metric.period = row.period;
  metric.evaluation_periods = row.periods;
  metric.datapoints_to_alarm = row.datapoints;
  metric.datapoints_given = true;  // or DescribeAlarms would leave out that it is M of N
  metric.threshold = row.threshold;
  metric.comparison = row.comparison;
  metric.missing_data = row.missing;
  metric.missing_data_given = true;
  return alarm;
}

}  // namespace

std::map<std::string, Alarm> default_alarms(const metrics::TimeSeries& series,
                                            WallTime written_since) {
  std::map<std::string, Alarm> alarms;
  for (const Row& row : rows) {
    metrics::SeriesFilter filter;
    filter.space = row.subject.space;
    filter.name = row.subject.metric;
    filter.written_since = written_since;
    for (const SeriesFacts* facts : series.list(filter)) {
      const auto subject = name_in(row.subject, *facts);
      if (!subject) continue;
      Alarm alarm = alarm_of(row, *facts, *subject);
      alarms.emplace(alarm.name, std::move(alarm));
    }
  }
  return alarms;
}

}  // namespace daruma::alarm
