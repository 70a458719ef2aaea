// SPDX-License-Identifier: Apache-2.0
#include "metrics/collector.h"

#include <algorithm>
#include <array>
#include <utility>

#include "metrics/latencies.h"
#include "telemetry/sums.h"

namespace daruma::metrics {
namespace {

using std::string_view;
using telemetry::Counter;
using telemetry::ListenerCounters;
using telemetry::TargetCounters;
using telemetry::TargetGroupCounters;
using telemetry::TargetLabels;

template <class Block>
const Block& before_of(const Block* before) {
  static const Block none{};
  return before ? *before : none;
}

template <class Labels, class Block>
const Block* find(const std::map<Labels, std::unique_ptr<Block>>& sums, const Labels& labels) {
  const auto found = sums.find(labels);
  return found == sums.end() ? nullptr : found->second.get();
}

template <class Block>
struct CounterRow {
  string_view space;
  string_view name;
  Counter Block::*counter;
  Counter Block::*plus = nullptr;
};
template <class Block>
struct GaugeRow {
  string_view name;  // in our own namespace
  Gauge Block::*gauge;
};

constexpr CounterRow<ListenerCounters> listener_counters[] = {
    {alb_namespace, "RejectedConnectionCount", &ListenerCounters::connections_rejected_total},
    {alb_namespace, "ClientTLSNegotiationErrorCount", &ListenerCounters::tls_errors_total},
    {alb_namespace, "HTTP_Fixed_Response_Count", &ListenerCounters::fixed_responses_total},
    {alb_namespace, "HTTP_Redirect_Count", &ListenerCounters::redirects_total},
    {alb_namespace, "DesyncMitigationMode_NonCompliant_Request_Count",
     &ListenerCounters::desync_non_compliant_total},
    {alb_namespace, "DroppedInvalidHeaderRequestCount",
     &ListenerCounters::invalid_header_fields_dropped_total},
    {own_namespace, "ClientRequestCount", &ListenerCounters::requests_total},
    {own_namespace, "ClientConnectionCount", &ListenerCounters::connections_total},
    {own_namespace, "Http2RequestCount", &ListenerCounters::http2_requests_total},
    {own_namespace, "ClientTLSHandshakeCount", &ListenerCounters::tls_handshakes_total},
    {own_namespace, "ClientTLSResumptionCount", &ListenerCounters::tls_resumptions_total},
    {own_namespace, "UpgradeCount", &ListenerCounters::upgrades_total},
};
constexpr GaugeRow<ListenerCounters> listener_gauges[] = {
    {"ActiveClientConnections", &ListenerCounters::connections_active},
    {"ActiveUpgradedConnections", &ListenerCounters::upgraded_connections_active},
};
constexpr CounterRow<TargetGroupCounters> group_counters[] = {
    {alb_namespace, "RequestCount", &TargetGroupCounters::requests_total},
    {alb_namespace, "UnhealthyRoutingRequestCount", &TargetGroupCounters::fail_open_requests_total},
    {own_namespace, "StickyRequestCount", &TargetGroupCounters::sticky_requests_total},
    {own_namespace, "FailoverCount", &TargetGroupCounters::failovers_total},
    {own_namespace, "QueuedRequestCount", &TargetGroupCounters::waited_total},
    {own_namespace, "TurnedAwayRequestCount", &TargetGroupCounters::turned_away_total},
    {own_namespace, "RetryCount", &TargetGroupCounters::retries_total},
    {own_namespace, "RefusedRetryCount", &TargetGroupCounters::retries_refused_total},
};
constexpr GaugeRow<TargetGroupCounters> group_gauges[] = {
    {"QueueLength", &TargetGroupCounters::waiting},
};
// Of all targets of a group together, and of its targets in each zone.
constexpr CounterRow<TargetCounters> zone_counters[] = {
    {alb_namespace, "TargetConnectionErrorCount", &TargetCounters::connection_errors_total},
    {alb_namespace, "TargetTLSNegotiationErrorCount", &TargetCounters::tls_errors_total},
};
// Of each target, and of all of a group together.
constexpr CounterRow<TargetCounters> target_counters[] = {
    {own_namespace, "TargetRequestCount", &TargetCounters::requests_total},
    {own_namespace, "TargetConnectionCount", &TargetCounters::connections_total},
    {own_namespace, "TargetConnectionReuseCount", &TargetCounters::connection_reuses_total},
    {own_namespace, "TargetFailureCount", &TargetCounters::failures_total},
    {own_namespace, "TargetBrokenResponseCount", &TargetCounters::broken_responses_total},
    {own_namespace, "TargetTLSHandshakeCount", &TargetCounters::tls_handshakes_total},
    {own_namespace, "TargetTLSResumptionCount", &TargetCounters::tls_resumptions_total},
    {own_namespace, "TargetConnectionsWaitedCount", &TargetCounters::connections_waited_total},
};
constexpr GaugeRow<TargetCounters> target_gauges[] = {
    {"TargetRequestsInFlight", &TargetCounters::requests_in_flight},
    {"TargetPoolSize", &TargetCounters::connections_open},
    {"TargetPoolIdle", &TargetCounters::connections_idle},
    {"TargetLearnedLimit", &TargetCounters::learned_limit},
    {"TargetSaturated", &TargetCounters::saturated},
};
// 0 is 1xx.
constexpr std::array<string_view, 5> target_codes{
    "", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count", "HTTPCode_Target_4XX_Count",
    "HTTPCode_Target_5XX_Count"};
constexpr std::array<string_view, 5> own_codes{"", "", "HTTPCode_ELB_3XX_Count",
                                               "HTTPCode_ELB_4XX_Count", "HTTPCode_ELB_5XX_Count"};
constexpr std::array<string_view, telemetry::own_errors.size()> own_error_codes{
    "HTTPCode_ELB_500_Count", "HTTPCode_ELB_502_Count", "HTTPCode_ELB_503_Count",
    "HTTPCode_ELB_504_Count"};

using Dimensions = std::vector<Dimension>;

Dimensions with(Dimensions dimensions, string_view name, const std::string& value) {
  dimensions.push_back({std::string(name), value});
  return dimensions;
}

}  // namespace

// One collection. Points of one series, from several listeners or targets, meet in the store: what
// is written into one period is merged. So levels are added up here, before they are written.
struct Collector::Round {
  TimeSeries& series;
  const NodeFigures& node;
  WallTime at;
  bool on_the_minute;
  std::map<SeriesKey, double> levels{};

  void write(string_view space, string_view name, const Dimensions& dimensions, string_view unit,
             const Point& point) {
    series.write(SeriesKey::of(space, name, dimensions), unit, at, point);
  }
  void events(string_view space, string_view name, const Dimensions& dimensions, double n) {
    if (n > 0) write(space, name, dimensions, "Count", Point::of_events(n));
  }
  void level(string_view space, string_view name, const Dimensions& dimensions, double value) {
    levels[SeriesKey::of(space, name, dimensions)] += value;
  }
  void finish() {
    for (const auto& [key, value] : levels) {
      series.write(key, "Count", at, Point::of_sample(value));
    }
    series.advance(at + Collector::every);
  }

  // nullptr: its configuration is gone, and so are its figures.
  const std::string* balancer(const std::string& name) const {
    const auto found = node.topology.load_balancers.find(name);
    return found == node.topology.load_balancers.end() ? nullptr : &found->second;
  }
  const Topology::Group* group(const std::string& name) const {
    const auto found = node.topology.groups.find(name);
    return found == node.topology.groups.end() ? nullptr : &found->second;
  }
};

namespace {

using RuleSums = std::map<telemetry::ListenerLabels, telemetry::RuleTraffic>;

bool same_rules(const RuleSums& one, const RuleSums& other) {
  return std::ranges::equal(one, other, [](const auto& left, const auto& right) {
    return left.first == right.first && left.second.names == right.second.names;
  });
}

std::set<std::string> still_there(const std::set<std::string>& arns, const RuleSums& sums) {
  std::set<std::string> there;
  for (const auto& [labels, sum] : sums) {
    for (const model::RuleName& rule : *sum.names) {
      if (arns.contains(rule.arn)) there.insert(rule.arn);
    }
  }
  return there;
}

Dimensions of_group(const Topology::Group& group) {
  Dimensions dimensions{{std::string(target_group_dimension), group.resource_id}};
  if (group.load_balancer.empty()) return dimensions;
  return with(std::move(dimensions), load_balancer_dimension, group.load_balancer);
}

// A group's figures are also its load balancer's.
std::vector<Dimensions> of_group_and_balancer(const Topology::Group& group) {
  std::vector<Dimensions> all{of_group(group)};
  if (!group.load_balancer.empty()) {
    all.push_back({{std::string(load_balancer_dimension), group.load_balancer}});
  }
  return all;
}

}  // namespace

Collector::Collector(const telemetry::Registry& registry, TimeSeries& series)
    : registry_(registry), series_(series) {}
Collector::~Collector() = default;

void Collector::collect(const NodeFigures& node, WallTime now) {
  const auto second = std::chrono::floor<Seconds>(now);
  const WallTime end = second - second.time_since_epoch() % every;
  const WallTime at = end - every;
  Round round{series_, node, at, end.time_since_epoch() % 60s == WallTime::duration(0)};
  collect_listeners(round);
  collect_rules(round);
  collect_groups(round);
  collect_targets(round);
  collect_health(round);
  collect_node(round);
  round.finish();
}

void Collector::collect_listeners(Round& round) {
  auto sums = telemetry::sums_of<telemetry::ListenerLabels, ListenerCounters>(registry_);
  for (const auto& [labels, sum] : sums) {
    const std::string* balancer = round.balancer(labels.load_balancer);
    if (balancer == nullptr) continue;
    const Dimensions dimensions{{std::string(load_balancer_dimension), *balancer}};
    const ListenerCounters& before = before_of(find(listeners_, labels));
    for (const auto& row : listener_counters) {
      round.events(row.space, row.name, dimensions,
                   added((*sum.*row.counter).value(), (before.*row.counter).value()));
    }
    for (const auto& row : listener_gauges) {
      round.level(own_namespace, row.name, dimensions,
                  static_cast<double>((*sum.*row.gauge).value()));
    }
    const auto since = [](const auto& all, const auto& old, size_t i) {
      return added(all[i].value(), old[i].value());
    };
    for (size_t i = 0; i < own_codes.size(); ++i) {
      if (own_codes[i].empty()) continue;
      round.events(alb_namespace, own_codes[i], dimensions,
                   since(sum->own_responses, before.own_responses, i));
    }
    for (size_t i = 0; i < own_error_codes.size(); ++i) {
      round.events(alb_namespace, own_error_codes[i], dimensions,
                   since(sum->own_errors_made, before.own_errors_made, i));
    }
    for (size_t i = 1; i < model::reason_count; ++i) {
      const std::string reason(name_of(static_cast<model::Reason>(i)));
      round.events(own_namespace, "ReasonCount", with(dimensions, reason_dimension, reason),
                   since(sum->reasons, before.reasons, i));
    }
    round.events(alb_namespace, "NewConnectionCount", dimensions,
                 added(sum->connections_total.value(), before.connections_total.value()));
    const double bytes =
        added(sum->received_bytes_total.value(), before.received_bytes_total.value()) +
        added(sum->sent_bytes_total.value(), before.sent_bytes_total.value());
    if (bytes > 0)
      round.write(alb_namespace, "ProcessedBytes", dimensions, "Bytes", Point::of_sample(bytes));
    if (round.on_the_minute) {
      round.level(alb_namespace, "ActiveConnectionCount", dimensions,
                  static_cast<double>(sum->connections_active.value()));
    }
  }
  listeners_ = std::move(sums);
}

void Collector::collect_rules(Round& round) {
  auto sums = registry_.rule_traffic();
  if (!same_rules(sums, rules_)) rules_shown_ = still_there(rules_shown_, sums);
  for (const auto& [labels, sum] : sums) {
    const std::string* balancer = round.balancer(labels.load_balancer);
    if (balancer == nullptr) continue;
    const telemetry::RuleTraffic before = rules_[labels].under(sum.names);
    for (size_t i = 0; i < sum.requests.size(); ++i) {
      const double n = added(sum.requests[i], before.requests[i]);
      const std::string& arn = (*sum.names)[i].arn;
      if (n == 0) continue;
      if (rules_shown_.size() >= rules_max && !rules_shown_.contains(arn)) continue;
      rules_shown_.insert(arn);
      round.events(own_namespace, "RuleRequestCount",
                   {{std::string(load_balancer_dimension), *balancer},
                    {std::string(rule_dimension), arn.substr(arn.rfind(':') + 1)}},
                   n);
    }
  }
  rules_ = std::move(sums);
}

void Collector::collect_groups(Round& round) {
  auto sums = telemetry::sums_of<telemetry::TargetGroupLabels, TargetGroupCounters>(registry_);
  std::map<std::string, std::pair<double, double>> hosts;  // healthy, registered
  for (const telemetry::TargetStatus& target : round.node.status.targets) {
    if (target.health.state == model::HealthState::draining) continue;
    auto& [healthy, registered] = hosts[target.labels.target_group];
    healthy += target.health.state == model::HealthState::healthy ? 1 : 0;
    registered += 1;
  }
  for (const auto& [labels, sum] : sums) {
    const Topology::Group* group = round.group(labels.target_group);
    if (group == nullptr) continue;
    const TargetGroupCounters& before = before_of(find(groups_, labels));
    for (const auto& row : group_counters) {
      const double n = added((*sum.*row.counter).value(), (before.*row.counter).value());
      for (const Dimensions& dimensions : of_group_and_balancer(*group))
        round.events(row.space, row.name, dimensions, n);
    }
    for (const auto& row : group_gauges) {
      for (const Dimensions& dimensions : of_group_and_balancer(*group)) {
        round.level(own_namespace, row.name, dimensions,
                    static_cast<double>((*sum.*row.gauge).value()));
      }
    }
    const Point waits = latencies(sum->queue_wait, before.queue_wait);
    for (const Dimensions& dimensions : of_group_and_balancer(*group))
      round.write(own_namespace, "QueueWaitTime", dimensions, "Seconds", waits);
    if (!group->load_balancer.empty()) {
      round.events(
          alb_namespace, "NonStickyRequestCount",
          {{std::string(load_balancer_dimension), group->load_balancer}},
          added(sum->non_sticky_requests_total.value(), before.non_sticky_requests_total.value()));
    }
    const double requests = added(sum->requests_total.value(), before.requests_total.value());
    const auto& [healthy, registered] = hosts[labels.target_group];
    const double count = healthy > 0 ? healthy : registered;
    if (requests > 0 && count > 0) {
      const Point each = Point::of_sample(requests / count);
      round.write(alb_namespace, "RequestCountPerTarget", of_group(*group), "Count", each);
      if (!group->load_balancer.empty()) {
        round.write(alb_namespace, "RequestCountPerTarget",
                    {{std::string(target_group_dimension), group->resource_id}}, "Count", each);
      }
    }
  }
  groups_ = std::move(sums);
}

void Collector::collect_targets(Round& round) {
  auto sums = telemetry::sums_of<TargetLabels, TargetCounters>(registry_);
  for (const auto& [labels, sum] : sums) {
    const Topology::Group* group = round.group(labels.target_group);
    if (group == nullptr) continue;
    const TargetCounters& before = before_of(find(targets_, labels));
    const Dimensions one = with(of_group(*group), target_dimension, labels.target);
    std::vector<Dimensions> together = of_group_and_balancer(*group);
    if (!labels.zone.empty()) {
      for (Dimensions& dimensions : of_group_and_balancer(*group))
        together.push_back(with(std::move(dimensions), zone_dimension, labels.zone));
    }
    const auto count = [&](string_view space, string_view name, double n) {
      if (n == 0) return;
      for (const Dimensions& dimensions : together) round.events(space, name, dimensions, n);
      round.events(own_namespace, name, one, n);
    };
    for (const auto& row : zone_counters) {
      count(row.space, row.name, added((*sum.*row.counter).value(), (before.*row.counter).value()));
    }
    for (size_t i = 0; i < target_codes.size(); ++i) {
      if (target_codes[i].empty()) continue;
      count(alb_namespace, target_codes[i],
            added(sum->responses[i].value(), before.responses[i].value()));
    }
    for (const auto& row : target_counters) {
      const double n = added((*sum.*row.counter).value(), (before.*row.counter).value());
      round.events(row.space, row.name, of_group(*group), n);
      round.events(row.space, row.name, one, n);
    }
    for (const auto& row : target_gauges) {
      const auto value = static_cast<double>((*sum.*row.gauge).value());
      round.level(own_namespace, row.name, of_group(*group), value);
      round.level(own_namespace, row.name, one, value);
    }
    if (!group->load_balancer.empty()) {
      const Dimensions balancer{{std::string(load_balancer_dimension), group->load_balancer}};
      round.events(alb_namespace, "NewConnectionCount", balancer,
                   added(sum->connections_total.value(), before.connections_total.value()));
      if (round.on_the_minute) {
        round.level(alb_namespace, "ActiveConnectionCount", balancer,
                    static_cast<double>(sum->connections_open.value()));
      }
    }
    const Point times = latencies(sum->response_time, before.response_time);
    for (const Dimensions& dimensions : together)
      round.write(alb_namespace, "TargetResponseTime", dimensions, "Seconds", times);
    round.write(own_namespace, "TargetResponseTime", one, "Seconds", times);
  }
  targets_ = std::move(sums);
}

// A draining target is neither healthy nor unhealthy, as at AWS.
void Collector::collect_health(Round& round) {
  std::map<TargetLabels, bool> healthy;
  for (const telemetry::TargetStatus& target : round.node.status.targets) {
    const Topology::Group* group = round.group(target.labels.target_group);
    const model::HealthState state = target.health.state;
    if (group == nullptr || state == model::HealthState::unused) continue;
    const bool is_healthy = state == model::HealthState::healthy;
    const bool counts = state != model::HealthState::draining;
    std::vector<Dimensions> all{of_group(*group)};
    if (!target.labels.zone.empty())
      all.push_back(with(of_group(*group), zone_dimension, target.labels.zone));
    for (const Dimensions& dimensions : all) {
      round.level(alb_namespace, "HealthyHostCount", dimensions, is_healthy);
      round.level(alb_namespace, "UnHealthyHostCount", dimensions, counts && !is_healthy);
      round.level(alb_namespace, "AnomalousHostCount", dimensions, target.anomalous);
      round.level(alb_namespace, "MitigatedHostCount", dimensions, target.mitigated);
    }
    const Dimensions one = with(of_group(*group), target_dimension, target.labels.target);
    round.level(own_namespace, "TargetHealthy", one, is_healthy);
    const auto before = healthy_.find(target.labels);
    const bool flipped = before != healthy_.end() && before->second != is_healthy;
    round.events(own_namespace, "HealthFlipCount", one, flipped);
    for (const Dimensions& dimensions : of_group_and_balancer(*group))
      round.events(own_namespace, "HealthFlipCount", dimensions, flipped);
    healthy[target.labels] = is_healthy;
  }
  healthy_ = std::move(healthy);
  for (const telemetry::GroupStatus& status : round.node.status.groups) {
    const Topology::Group* group = round.group(status.target_group);
    if (group == nullptr) continue;
    for (const auto& [name, value] :
         {std::pair<string_view, uint64_t>{"HealthyStateDNS", status.healthy_state_dns},
          {"UnhealthyStateDNS", status.unhealthy_state_dns},
          {"HealthyStateRouting", status.healthy_state_routing},
          {"UnhealthyStateRouting", status.unhealthy_state_routing},
          {"ActiveZonalShiftHostCount", status.shifted_away}}) {
      round.level(alb_namespace, name, of_group(*group), static_cast<double>(value));
    }
  }
}

void Collector::collect_node(Round& round) {
  const telemetry::NodeStatus& status = round.node.status;
  round.level(own_namespace, "ConfigurationRevision", {},
              static_cast<double>(status.config_revision));
  round.level(own_namespace, "ConfigurationProblems", {},
              static_cast<double>(status.config_problems));
  round.level(own_namespace, "ConfigurationNotApplied", {}, status.config_load.applied ? 0 : 1);
  if (status.config_load.applied_at != WallTime{}) {
    const Duration age = std::max<Duration>(round.at + every - status.config_load.applied_at, 0s);
    round.write(own_namespace, "ConfigurationAge", {}, "Seconds",
                Point::of_sample(static_cast<double>(age / 1s)));
  }
  round.level(own_namespace, "BugsReported", {}, static_cast<double>(status.bugs_reported));
  round.level(own_namespace, "LogLinesLost", {}, static_cast<double>(status.log_lines_lost));
  round.level(own_namespace, "PointsDropped", {}, static_cast<double>(series_.points_dropped()));
  for (const telemetry::CertificateStatus& certificate : status.certificates) {
    const Duration left = certificate.not_after - round.at;
    round.write(own_namespace, "CertificateDaysToExpiry",
                {{std::string(certificate_dimension), certificate.name}}, "None",
                Point::of_sample(static_cast<double>(left / std::chrono::hours(1)) / 24));
  }
}

}  // namespace daruma::metrics
