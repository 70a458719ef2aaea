// SPDX-License-Identifier: Apache-2.0
#include "console/figures.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "metrics/latencies.h"
#include "telemetry/sums.h"

namespace daruma::console {
namespace {

using metrics::added;
using metrics::Point;
using telemetry::Counter;
using telemetry::ListenerCounters;
using telemetry::ListenerLabels;
using telemetry::TargetCounters;
using telemetry::TargetGroupCounters;
using telemetry::TargetGroupLabels;
using telemetry::TargetLabels;

template <class Labels, class Block>
const Block& before_of(const std::map<Labels, std::unique_ptr<Block>>& sums, const Labels& labels) {
  static const Block none{};
  const auto found = sums.find(labels);
  return found == sums.end() ? none : *found->second;
}

uint64_t level(const Gauge& gauge) {
  return gauge.value() < 0 ? 0 : static_cast<uint64_t>(gauge.value());
}

// Forgets what nobody has asked for since the last time.
template <class Name, class Recent>
void forget_unused(std::map<Name, Recent>& all) {
  std::erase_if(all, [](const auto& entry) { return !entry.second.used; });
  for (auto& [name, recent] : all) recent.used = false;
}

}  // namespace

struct FigureMeter::Sums {
  explicit Sums(const telemetry::Registry& registry)
      : listeners(telemetry::sums_of<ListenerLabels, ListenerCounters>(registry)),
        rules(registry.rule_traffic()),
        groups(telemetry::sums_of<TargetGroupLabels, TargetGroupCounters>(registry)),
        targets(telemetry::sums_of<TargetLabels, TargetCounters>(registry)) {}

  std::map<ListenerLabels, std::unique_ptr<ListenerCounters>> listeners;
  std::map<ListenerLabels, telemetry::RuleTraffic> rules;
  std::map<TargetGroupLabels, std::unique_ptr<TargetGroupCounters>> groups;
  std::map<TargetLabels, std::unique_ptr<TargetCounters>> targets;
};

std::optional<Percentiles> FigureMeter::Recent::take(Point point) {
  used = true;
  points.push_back(std::move(point));
  if (points.size() > looks_kept) points.pop_front();
  Point all;
  for (const Point& each : points) all.merge(each);
  const auto p50 = all.count > 0 ? all.percentile(50) : std::nullopt;
  const auto p99 = all.count > 0 ? all.percentile(99) : std::nullopt;
  if (!p50 || !p99) return std::nullopt;
  return Percentiles{*p50, *p99};
}

FigureMeter::FigureMeter(const telemetry::Registry& registry) : registry_(registry) {}
FigureMeter::~FigureMeter() = default;

void FigureMeter::begin(Instant now) {
  now_ = std::make_unique<Sums>(registry_);
  looked_ = now;
}

void FigureMeter::rest() {
  now_.reset();
  of_targets_.clear();
  of_groups_.clear();
  waits_.clear();
  of_balancers_.clear();
}

Figures FigureMeter::look(const metrics::Topology& topology, Instant now) {
  DARUMA_ASSERT(now_ != nullptr);
  DARUMA_ASSERT(now > looked_);
  before_ = std::exchange(now_, std::make_unique<Sums>(registry_));
  seconds_ = seconds_of(now - looked_);
  looked_ = now;
  Figures figures;
  figures.seconds = seconds_;
  registry_.for_each(
      [&figures](const telemetry::WorkerLabels&, const telemetry::WorkerCounters& counters) {
        figures.exchanges_active += level(counters.exchanges_active);
      });
  add_listeners(figures);
  add_rules(figures);
  add_groups(figures);
  add_targets(topology, figures);
  before_.reset();
  return figures;
}

void FigureMeter::add_listeners(Figures& figures) const {
  for (const auto& [labels, sum] : now_->listeners) {
    const ListenerCounters& before = before_of(before_->listeners, labels);
    const auto rate = [&](const Counter& now, const Counter& old) {
      return added(now.value(), old.value()) / seconds_;
    };
    BalancerFigures& all = figures.load_balancers[labels.load_balancer];
    ListenerFigures& its = figures.listeners[labels];
    its.requests = rate(sum->requests_total, before.requests_total);
    its.connections = level(sum->connections_active);
    all.requests += its.requests;
    all.requests_total += sum->requests_total.value();
    all.connections += its.connections;
    all.upgraded += level(sum->upgraded_connections_active);
    all.received_bytes += rate(sum->received_bytes_total, before.received_bytes_total);
    all.sent_bytes += rate(sum->sent_bytes_total, before.sent_bytes_total);
    for (size_t i = 0; i < all.responses.size(); ++i) {
      const double own = rate(sum->own_responses[i], before.own_responses[i]);
      all.responses[i] += rate(sum->responses[i], before.responses[i]);
      all.own_responses[i] += own;
      if (i >= telemetry::status_class(400)) its.own_errors += own;
    }
    for (size_t i = 1; i < all.reasons.size(); ++i)
      all.reasons[i] += rate(sum->reasons[i], before.reasons[i]);
  }
}

void FigureMeter::add_rules(Figures& figures) const {
  std::vector<std::pair<std::string_view, RuleFigures>> met;
  for (const auto& [labels, sum] : now_->rules) {
    const telemetry::RuleTraffic before = before_->rules[labels].under(sum.names);
    for (size_t i = 0; i < sum.requests.size(); ++i) {
      if (sum.requests[i] == 0) continue;
      met.emplace_back(
          (*sum.names)[i].arn,
          RuleFigures{added(sum.requests[i], before.requests[i]) / seconds_, sum.requests[i]});
    }
  }
  figures.rules_left_out = met.size() > rules_most;
  if (figures.rules_left_out) {
    std::ranges::nth_element(met, met.begin() + rules_most, std::greater(), [](const auto& rule) {
      return std::tuple(rule.second.requests, rule.second.requests_total);
    });
    met.resize(rules_most);
  }
  figures.rules = {met.begin(), met.end()};
}

void FigureMeter::add_groups(Figures& figures) {
  for (const auto& [labels, sum] : now_->groups) {
    const TargetGroupCounters& before = before_of(before_->groups, labels);
    const auto rate = [this, &before, &now = *sum](Counter TargetGroupCounters::*counter) {
      return added((now.*counter).value(), (before.*counter).value()) / seconds_;
    };
    GroupFigures& its = figures.groups[labels.target_group];
    its = {.requests = rate(&TargetGroupCounters::requests_total),
           .requests_total = sum->requests_total.value(),
           .waited = rate(&TargetGroupCounters::waited_total),
           .turned_away = rate(&TargetGroupCounters::turned_away_total),
           .retries = rate(&TargetGroupCounters::retries_total),
           .fail_open = rate(&TargetGroupCounters::fail_open_requests_total),
           .waiting = level(sum->waiting)};
    its.wait =
        waits_[labels.target_group].take(metrics::latencies(sum->queue_wait, before.queue_wait));
  }
  forget_unused(waits_);
}

void FigureMeter::add_targets(const metrics::Topology& topology, Figures& figures) {
  std::map<std::string, Point> of_groups;
  for (const auto& [labels, sum] : now_->targets) {
    const TargetCounters& before = before_of(before_->targets, labels);
    const auto rate = [this, &before, &now = *sum](Counter TargetCounters::*counter) {
      return added((now.*counter).value(), (before.*counter).value()) / seconds_;
    };
    TargetFigures& its = figures.targets[{labels.target_group, labels.target}];
    its = {.requests = rate(&TargetCounters::requests_total),
           .requests_total = sum->requests_total.value(),
           .failures = rate(&TargetCounters::failures_total),
           .connections = rate(&TargetCounters::connections_total),
           .reuses = rate(&TargetCounters::connection_reuses_total),
           .connection_errors = rate(&TargetCounters::connection_errors_total),
           .handshakes = rate(&TargetCounters::tls_handshakes_total),
           .resumptions = rate(&TargetCounters::tls_resumptions_total),
           .in_flight = level(sum->requests_in_flight),
           .open = level(sum->connections_open),
           .idle = level(sum->connections_idle),
           .learned_limit = level(sum->learned_limit),
           .slow_starting = level(sum->slow_starting) > 0};
    for (size_t i = 0; i < its.responses.size(); ++i) {
      its.responses[i] = added(sum->responses[i].value(), before.responses[i].value()) / seconds_;
    }
    Point times = metrics::latencies(sum->response_time, before.response_time);
    of_groups[labels.target_group].merge(times);
    its.latency = of_targets_[{labels.target_group, labels.target}].take(std::move(times));
  }
  std::map<std::string, Point> of_balancers;
  for (auto& [name, times] : of_groups) {
    const auto group = topology.groups.find(name);
    if (group != topology.groups.end() && !group->second.load_balancer.empty())
      of_balancers[group->second.load_balancer].merge(times);
    figures.groups[name].latency = of_groups_[name].take(std::move(times));
  }
  for (const auto& [name, resource_id] : topology.load_balancers) {
    const auto times = of_balancers.find(resource_id);
    if (times == of_balancers.end()) continue;
    figures.load_balancers[name].latency = of_balancers_[name].take(std::move(times->second));
  }
  forget_unused(of_targets_);
  forget_unused(of_groups_);
  forget_unused(of_balancers_);
}

}  // namespace daruma::console
