// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_snapshot.h"

#include <charconv>
#include <string>

#include "routing/rule_table.h"

namespace daruma::sim::incident {
namespace {

constexpr std::string_view group_prefix = "group-";
constexpr std::string_view page_prefix = "/page/";

std::string name_of_group(size_t group) {
  return std::string(group_prefix) + std::to_string(group);
}

// The number behind the first `prefix`.
std::optional<uint64_t> number_behind(std::string_view prefix, std::string_view text) {
  const size_t at = text.find(prefix);
  if (at == std::string_view::npos) return std::nullopt;
  const char* first = text.data() + at + prefix.size();
  uint64_t number = 0;
  const auto result = std::from_chars(first, text.data() + text.size(), number);
  return result.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

model::TargetGroup compile_group(const Scenario& scenario, size_t index, uint64_t revision) {
  model::TargetGroup group;
  group.name = name_of_group(index);
  group.arn = "arn:aws:elasticloadbalancing:sim:1:targetgroup/" + group.name + "/1";
  group.resource_id = "targetgroup/" + group.name + "/1";
  group.health_check.path = "/health";
  group.health_check.interval = scenario.probe_interval;
  group.health_check.timeout = scenario.probe_timeout;
  group.health_check.healthy_threshold = scenario.healthy_threshold;
  group.health_check.unhealthy_threshold = scenario.unhealthy_threshold;
  group.saturation_guard.enabled = scenario.guard;
  group.in_use = true;
  const bool https = scenario.targets[scenario.groups[index].targets.front()].https;
  group.protocol = https ? model::Protocol::https : model::Protocol::http;
  group.health_check.protocol = group.protocol;
  for (const size_t target : scenario.groups[index].targets) {
    if (revision == 1 && target % 2 == 1) continue;
    model::Target registered;
    registered.key = key_of_target(index, target);
    registered.addresses = {address_of_target(target)};
    group.targets.push_back(registered);
  }
  return group;
}

model::LoadBalancer compile_load_balancer(const Scenario& scenario) {
  model::LoadBalancer balancer;
  balancer.name = "web";
  balancer.arn = "arn:aws:elasticloadbalancing:sim:1:loadbalancer/app/web/1";
  balancer.resource_id = "app/web/1";
  balancer.dns_name = "web.sim.example";
  // Longer than any run: no idle connection closes under a client's hands.
  balancer.idle_timeout = 4000s;
  balancer.client_keep_alive = 4000s;
  balancer.access_log = scenario.groups.size() > 1;
  model::Listener listener;
  listener.arn = balancer.arn + "/listener";
  listener.port = node_port;
  model::ForwardAction forward;
  for (uint32_t i = 0; i < scenario.groups.size(); ++i) {
    forward.groups.push_back({i, scenario.groups[i].weight});
    forward.weight_total += scenario.groups[i].weight;
  }
  model::Rule otherwise;
  otherwise.action = forward;
  listener.rules.push_back(std::move(otherwise));
  listener.table = routing::RuleTable::compile(listener.rules);
  balancer.listeners.push_back(std::move(listener));
  return balancer;
}

}  // namespace

Address address_of_target(size_t index) {
  return Address::v4(
      {10, 2, static_cast<uint8_t>(index / 250), static_cast<uint8_t>(index % 250 + 1)}, 443);
}

model::TargetKey key_of_target(size_t group, size_t index) {
  const Address address = address_of_target(index);
  return {name_of_group(group), address.ip(), address.port()};
}

std::optional<Drawn> drawn_of(std::string_view log_line) {
  const std::optional<uint64_t> attempt = number_behind(page_prefix, log_line);
  const std::optional<uint64_t> group = number_behind(group_prefix, log_line);
  if (!attempt || !group) return std::nullopt;
  return Drawn{.attempt = *attempt, .group = *group};
}

model::SnapshotRef compile(const Scenario& scenario, uint64_t revision) {
  auto snapshot = std::make_shared<model::Snapshot>();
  snapshot->revision = revision;
  snapshot->node = {.addresses = {node_address}, .zone = "zone-a"};
  for (size_t i = 0; i < scenario.groups.size(); ++i)
    snapshot->target_groups.push_back(compile_group(scenario, i, revision));
  snapshot->load_balancers.push_back(compile_load_balancer(scenario));
  return snapshot;
}

}  // namespace daruma::sim::incident
