// SPDX-License-Identifier: Apache-2.0
#include "control/adviser.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace daruma::control {
namespace {

using telemetry::TargetCounters;
using telemetry::TargetLabels;
using Evidence = std::map<std::pair<std::string, std::string>, TargetEvidence>;  // group, target

// What one worker knows, to what the others do. A habit that one has seen holds for all.
void add(TargetEvidence& sum, const TargetCounters& part) {
  const telemetry::TargetHabits& habits = part.habits;
  if (habits.server.value() != 0)
    sum.server = static_cast<model::ServerKind>(habits.server.value());
  sum.requests_per_connection =
      std::max(sum.requests_per_connection, static_cast<uint64_t>(habits.requests_limit.value()));
  const auto idle_limit = std::chrono::milliseconds(habits.idle_limit_ms.value());
  sum.idle_limit = std::max<Duration>(sum.idle_limit, idle_limit);
  sum.requests += part.requests_total.value();
  sum.handshakes += part.tls_handshakes_total.value();
  sum.handshake_time += std::chrono::microseconds(habits.handshake_us.value());
  sum.connection_time += std::chrono::microseconds(habits.connection_us.value());
  sum.learned_limit += static_cast<uint32_t>(habits.learned_limit.value());
}

void note_idle_timeout(const model::LoadBalancer& balancer, const model::Rule& rule,
                       std::vector<Duration>& timeouts) {
  const auto* forward = std::get_if<model::ForwardAction>(&rule.action);
  if (forward == nullptr) return;
  for (const auto& weighted : forward->groups) {
    Duration& timeout = timeouts[weighted.group];
    timeout = std::max(timeout, balancer.idle_timeout);
  }
}

// By target group: the longest of the load balancers that send to it.
std::vector<Duration> idle_timeouts(const model::Snapshot& snapshot) {
  std::vector<Duration> timeouts(snapshot.target_groups.size());
  for (const model::LoadBalancer& balancer : snapshot.load_balancers) {
    for (const model::Listener& listener : balancer.listeners) {
      for (const model::Rule& rule : listener.rules) note_idle_timeout(balancer, rule, timeouts);
    }
  }
  return timeouts;
}

double per_second(uint64_t count) {
  return static_cast<double>(count) / seconds_of(Adviser::stretch);
}

}  // namespace

Adviser::Adviser(io::Loop& loop, const telemetry::Registry& registry)
    : loop_(loop), registry_(registry), timer_(loop.timers(), *this) {
  look();
}

void Adviser::on_timer(io::Timer&) {
  look();
}

std::map<std::string, Adviser::Demand> Adviser::demand_now() const {
  std::map<std::string, Demand> demand;
  registry_.for_each([&](const telemetry::TargetGroupLabels& labels,
                         const telemetry::TargetGroupCounters& counters) {
    demand[labels.target_group].offered += counters.requests_total.value();
    demand[labels.target_group].turned_away += counters.turned_away_total.value();
  });
  return demand;
}

void Adviser::look() {
  const Instant now = loop_.now();
  timer_.set(now + stretch);
  std::map<std::string, Group> fresh;
  for (const auto& [name, seen] : demand_now()) {
    const auto known = groups_.find(name);
    Group& group = fresh[name];
    if (known != groups_.end()) group = known->second;
    if (now - group.worst_at > remembered) group.worst = {};
    // A group whose workers let go of it counts anew.
    const bool goes_on = known != groups_.end() && seen.turned_away >= group.seen.turned_away &&
                         seen.offered >= group.seen.offered;
    const uint64_t turned_away = goes_on ? seen.turned_away - group.seen.turned_away : 0;
    if (turned_away > group.worst.turned_away) {
      group.worst = {seen.offered - group.seen.offered, turned_away};
      group.worst_at = now;
    }
    group.seen = seen;
  }
  groups_ = std::move(fresh);
}

std::vector<Advice> Adviser::advice(const model::Snapshot& snapshot,
                                    const ServerStatusOf& status_of) const {
  Evidence evidence;
  registry_.for_each([&](const TargetLabels& labels, const TargetCounters& counters) {
    add(evidence[{labels.target_group, labels.target}], counters);
  });
  std::vector<Advice> all;
  const std::vector<Duration> timeouts = idle_timeouts(snapshot);
  for (size_t i = 0; i < snapshot.target_groups.size(); ++i) {
    const model::TargetGroup& group = snapshot.target_groups[i];
    const auto known = groups_.find(group.name);
    for (const model::Target& target : group.targets) {
      TargetEvidence& of = evidence[{group.name, target.key.to_string()}];
      of.target_group = group.name;
      of.target = target.key.to_string();
      of.idle_timeout = timeouts[i];
      of.status = status_of(target.key);
      if (known != groups_.end()) {
        of.offered_per_second = per_second(known->second.worst.offered);
        of.turned_away_per_second = per_second(known->second.worst.turned_away);
      }
      for (Advice& advice : advice_from(of)) all.push_back(std::move(advice));
    }
  }
  return all;
}

}  // namespace daruma::control
