// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_configuration.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "routing/rule_table.h"

namespace daruma::sim {
namespace {

constexpr size_t groups_most = 3;

// Of every three targets, one in each zone and one in none.
std::string zone_of(size_t target) {
  constexpr std::array<const char*, 3> zones = {"zone-a", "zone-b", ""};
  return zones[target % zones.size()];
}

// Only the forms that SimConfiguration draws: "*.suffix" and "/prefix/*".
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.starts_with('*')) return text.ends_with(pattern.substr(1));
  return text.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool holds(const model::Condition& condition, std::string_view host, std::string_view path) {
  if (const auto* hosts = std::get_if<model::HostHeaderCondition>(&condition.test)) {
    const std::string lower = ascii_lowered(host);
    return std::ranges::any_of(hosts->values, [&](const auto& v) { return matches(v, lower); });
  }
  const auto& paths = std::get<model::PathPatternCondition>(condition.test);
  return std::ranges::any_of(paths.values, [&](const auto& v) { return matches(v, path); });
}

}  // namespace

const std::vector<std::string>& path_prefixes() {
  static const std::vector<std::string> prefixes = {"/p0", "/p1", "/p2", "/p3", "/p4", "/other"};
  return prefixes;
}

SimConfiguration::SimConfiguration(Random& random, std::vector<Address> targets, uint64_t seed)
    : random_(random), own_(seed ^ 0xba1a), targets_(std::move(targets)) {
  idle_timeout_least_ = Duration(1s) * (2 + static_cast<int>(random.below(5)));
  idle_timeout_ = draw_idle_timeout();
  deregistration_delay_ = Duration(1s) * static_cast<int>(random.below(8));
  groups_.resize(1 + random.below(groups_most));
  for (Group& group : groups_) {
    group.guarded = random.chance(2, 3);
    group.sticky = random.chance(1, 2);
    for (size_t i = 0; i < targets_.size(); ++i) group.members.push_back(random.chance(2, 3));
    draw_balancing(group);
  }
  second_listener_ = random.chance(1, 2);
  draw_rules();
  if (!random.chance(1, 10)) settle();
}

void SimConfiguration::add_http2(Random own) {
  http2_ = true;
  client_keep_alive_ = own.chance(1, 3) ? Duration(1s) * (1 + own.below(10)) : 60s;
  static constexpr model::ProtocolVersion versions[] = {
      model::ProtocolVersion::http1, model::ProtocolVersion::http1, model::ProtocolVersion::http2,
      model::ProtocolVersion::http2, model::ProtocolVersion::http2, model::ProtocolVersion::grpc};
  for (Group& group : groups_) group.version = versions[own.below(std::size(versions))];
}

// Slow start for less than AWS allows: a run takes less than a minute.
void SimConfiguration::draw_balancing(Group& group) {
  group.balancing = {};
  if (own_.chance(1, 4)) group.balancing.algorithm = model::Algorithm::least_outstanding_requests;
  if (own_.chance(1, 4)) group.balancing.algorithm = model::Algorithm::weighted_random;
  if (group.balancing.algorithm == model::Algorithm::weighted_random)
    group.balancing.anomaly_mitigation = own_.chance(1, 2);
  model::MinimumHealthy& least = group.balancing.routing;
  if (own_.chance(1, 4)) least.count = 1 + static_cast<uint32_t>(own_.below(4));
  if (own_.chance(1, 4)) least.percentage = 1 + static_cast<uint32_t>(own_.below(100));
  group.balancing.cross_zone = !own_.chance(1, 5);
  if (own_.chance(1, 5)) group.balancing.shifted_zone = own_.chance(1, 2) ? "zone-a" : "zone-b";
  const bool in_turn = group.balancing.algorithm == model::Algorithm::round_robin;
  if (in_turn && own_.chance(1, 3)) group.balancing.slow_start = Duration(1s) * (1 + own_.below(9));
}

Duration SimConfiguration::draw_idle_timeout() {
  const auto more = random_.below(static_cast<uint64_t>(idle_timeout_least_ / 1s) + 1);
  return idle_timeout_least_ + Duration(1s) * static_cast<int>(more);
}

void SimConfiguration::settle() {
  for (Group& group : groups_) {
    if (std::ranges::find(group.members, true) == group.members.end())
      group.members[random_.below(group.members.size())] = true;
  }
}

model::Action SimConfiguration::draw_action() {
  const uint64_t kind = random_.below(10);
  if (kind == 0)
    return model::FixedResponseAction{.status = 200, .content_type = "text/plain", .body = ""};
  if (kind == 1) return model::RedirectAction{.protocol = "https", .port = "443", .status = 301};
  model::ForwardAction forward;
  const size_t count = random_.chance(1, 3) ? 1 + random_.below(groups_.size()) : 1;
  const auto first = static_cast<uint32_t>(random_.below(groups_.size()));
  for (uint32_t i = 0; i < count; ++i) {
    const auto group = static_cast<uint32_t>((first + i) % groups_.size());
    const auto weight = static_cast<uint32_t>(random_.below(4));
    forward.groups.push_back({group, weight});
    forward.weight_total += weight;
  }
  if (count == 1) forward.weight_total = forward.groups[0].weight = 1;
  if (random_.chance(1, 2)) forward.stickiness = 24h;
  return forward;
}

void SimConfiguration::draw_rules() {
  rules_.clear();
  const int count = static_cast<int>(path_prefixes().size()) - 1;
  for (int i = 0; i < count; ++i) {
    if (random_.chance(1, 5)) continue;
    rules_.push_back({i, random_.chance(1, 4), draw_action()});
  }
  default_group_ = static_cast<uint32_t>(random_.below(groups_.size()));
}

void SimConfiguration::change_membership() {
  Group& group = groups_[random_.below(groups_.size())];
  if (random_.chance(1, 10)) {
    std::fill(group.members.begin(), group.members.end(), false);
    return;
  }
  const size_t target = random_.below(targets_.size());
  group.members[target] = !group.members[target];
}

void SimConfiguration::change() {
  if (own_.chance(1, 8)) return draw_balancing(groups_[own_.below(groups_.size())]);
  switch (random_.below(6)) {
    case 0:
    case 1:
      return change_membership();
    case 2:
      return draw_rules();
    case 3:
      idle_timeout_ = draw_idle_timeout();
      return;
    case 4:
      second_listener_ = !second_listener_;
      return;
    default:
      unhealthy_threshold_ = 2 + static_cast<int>(random_.below(3));
  }
}

model::TargetGroup SimConfiguration::compile_group(size_t index) const {
  model::TargetGroup group;
  group.name = "group-" + std::to_string(index);
  group.arn = "arn:aws:elasticloadbalancing:sim:1:targetgroup/" + group.name + "/1";
  group.resource_id = "targetgroup/" + group.name + "/1";
  group.health_check.path = "/health";
  group.health_check.interval = 5s;
  group.health_check.timeout = 2s;
  group.health_check.healthy_threshold = 2;
  group.health_check.unhealthy_threshold = unhealthy_threshold_;
  group.version = group.health_check.version = groups_[index].version;
  if (group.version == model::ProtocolVersion::grpc)
    group.health_check.matcher = *model::CodeMatcher::parse_grpc("0");
  group.deregistration_delay = deregistration_delay_;
  group.saturation_guard.enabled = groups_[index].guarded;
  group.balancing = groups_[index].balancing;
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (!groups_[index].members[i]) continue;
    model::Target target;
    target.key = {group.name, targets_[i].ip(), targets_[i].port()};
    target.addresses = {targets_[i]};
    target.zone = zone_of(i);
    group.targets.push_back(target);
  }
  if (groups_[index].sticky) group.stickiness.type = model::StickinessType::lb_cookie;
  model::set_sticky_ids(group);
  return group;
}

// A fixed response tells which revision and rule it came from.
model::Action SimConfiguration::action_of(const PathRule& rule) const {
  model::Action action = rule.action;
  if (auto* fixed = std::get_if<model::FixedResponseAction>(&action))
    fixed->body = "revision " + std::to_string(revision_) + " rule " + std::to_string(rule.prefix);
  return action;
}

model::Listener SimConfiguration::compile_listener(uint16_t port) const {
  model::Listener listener;
  listener.arn = "arn:aws:elasticloadbalancing:sim:1:listener/app/web/1/" + std::to_string(port);
  listener.port = port;
  int priority = 10;
  for (const PathRule& r : rules_) {
    model::Rule rule;
    rule.priority = priority += 10;
    if (r.with_host) rule.conditions.push_back(model::HostHeaderCondition{{"*.example.com"}});
    const std::string& prefix = path_prefixes()[static_cast<size_t>(r.prefix)];
    rule.conditions.push_back(model::PathPatternCondition{{prefix + "/*"}});
    rule.action = action_of(r);
    listener.rules.push_back(std::move(rule));
  }
  model::Rule otherwise;
  otherwise.action = model::ForwardAction{{{default_group_, 1}}, 1};
  listener.rules.push_back(std::move(otherwise));
  listener.table = routing::RuleTable::compile(listener.rules);
  return listener;
}

model::SnapshotRef SimConfiguration::compile() {
  auto snapshot = std::make_shared<model::Snapshot>();
  snapshot->revision = ++revision_;
  snapshot->node = {.addresses = {node_address}, .zone = "zone-a"};
  for (size_t i = 0; i < groups_.size(); ++i) snapshot->target_groups.push_back(compile_group(i));
  model::LoadBalancer balancer;
  balancer.name = "web";
  balancer.arn = "arn:aws:elasticloadbalancing:sim:1:loadbalancer/app/web/1";
  balancer.resource_id = "app/web/1";
  balancer.dns_name = "web.sim.example";
  balancer.idle_timeout = idle_timeout_;
  balancer.client_keep_alive = client_keep_alive_;
  balancer.access_log = true;
  balancer.listeners.push_back(compile_listener(main_port));
  if (second_listener_) balancer.listeners.push_back(compile_listener(second_port));
  if (http2_) {
    balancer.listeners.push_back(compile_listener(secure_port));
    balancer.listeners.back().protocol = model::Protocol::https;
    balancer.listeners.back().ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06";
  }
  for (const model::Listener& listener : balancer.listeners) {
    for (const model::Rule& rule : listener.rules) {
      if (const auto* forward = std::get_if<model::ForwardAction>(&rule.action)) {
        for (const model::WeightedGroup& g : forward->groups)
          snapshot->target_groups[g.group].in_use = true;
      }
    }
  }
  snapshot->load_balancers.push_back(std::move(balancer));
  return snapshot;
}

const model::Rule* expected_rule(const model::Snapshot& snapshot, uint16_t port,
                                 std::string_view host, std::string_view path) {
  for (const model::Listener& listener : snapshot.load_balancers.front().listeners) {
    if (listener.port != port) continue;
    for (const model::Rule& rule : listener.rules) {
      if (std::ranges::all_of(rule.conditions, [&](const auto& c) { return holds(c, host, path); }))
        return &rule;
    }
  }
  return nullptr;
}

}  // namespace daruma::sim
