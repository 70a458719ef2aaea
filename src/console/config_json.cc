// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "api/json_codec.h"
#include "console/live_json.h"
#include "control/arns.h"
#include "control/group_health.h"
#include "model/reason.h"

namespace daruma::console {
namespace {

using api::Json;
namespace shapes = model::api;

template <class T>
Json objects(const std::vector<T>& values) {
  Json holder;
  api::JsonWriter writer(holder);
  writer.objects("list", values);
  return std::move(holder["list"]);
}

template <class T>
bool has(const std::vector<T>& all, const std::string& name) {
  return std::ranges::any_of(all, [&](const T& each) { return each.name == name; });
}

// Where the actions forward to, by name and weight.
Json forwarded_to(const std::vector<shapes::Action>& actions) {
  Json groups = Json::array();
  for (const shapes::Action& action : actions) {
    if (action.forward_config) {
      for (const shapes::TargetGroupTuple& tuple : *action.forward_config)
        groups.push_back({{"name", tuple.target_group}, {"weight", tuple.weight.value_or(1)}});
    } else if (action.target_group) {
      groups.push_back({{"name", *action.target_group}, {"weight", 1}});
    }
  }
  return groups;
}

Json rule_json(const std::string& arn, int64_t priority,
               const std::vector<shapes::RuleCondition>& conditions,
               const std::vector<shapes::Action>& actions) {
  return {{"arn", arn},
          {"priority", priority},
          {"conditions", objects(conditions)},
          {"actions", objects(actions)},
          {"target_groups", forwarded_to(actions)}};
}

Json listener_json(const shapes::LoadBalancer& balancer, const shapes::Listener& listener) {
  std::vector<const shapes::Rule*> ordered;
  for (const shapes::Rule& rule : listener.rules) ordered.push_back(&rule);
  std::ranges::sort(ordered, {}, [](const auto* rule) { return rule->priority.value_or(0); });
  Json rules = Json::array();
  for (const shapes::Rule* rule : ordered) {
    rules.push_back(rule_json(control::arn_of(balancer, listener, *rule),
                              rule->priority.value_or(0), rule->conditions, rule->actions));
  }
  rules.push_back(
      rule_json(control::default_rule_arn(balancer, listener), 0, {}, listener.default_actions));
  return {{"arn", control::arn_of(balancer, listener)},
          {"port", listener.port.value_or(0)},
          {"protocol", listener.protocol.value_or("HTTP")},
          {"rules", std::move(rules)}};
}

Json target_json(const model::Target& target) {
  return {{"key", target.key.group + "|" + target.key.to_string()},
          {"id", target.key.id},
          {"port", target.key.port},
          {"zone", target.zone},
          {"target", target.key.to_string()}};
}

Json group_json(const model::Snapshot& snapshot, uint32_t index, bool declared) {
  const model::TargetGroup& group = snapshot.target_groups[index];
  Json targets = Json::array();
  for (const model::Target& target : group.targets) targets.push_back(target_json(target));
  Json balancers = Json::array();
  for (const model::LoadBalancer& balancer : snapshot.load_balancers) {
    if (control::forwards_to(balancer, index)) balancers.push_back(balancer.name);
  }
  return {{"name", group.name},
          {"arn", group.arn},
          {"resource_id", group.resource_id},
          {"protocol", name_of(group.protocol)},
          {"port", group.port},
          {"in_use", group.in_use},
          {"declared", declared},
          {"load_balancers", std::move(balancers)},
          {"deregistration_delay_seconds", seconds_of(group.deregistration_delay)},
          {"targets", std::move(targets)}};
}

Json reasons_json() {
  Json reasons = Json::object();
  for (int i = 1; i < model::reason_count; ++i) {
    const auto reason = static_cast<model::Reason>(i);
    reasons[std::string(name_of(reason))] = meaning_of(reason);
  }
  return reasons;
}

}  // namespace

std::string config_json(const control::Controller& controller, const std::string& version) {
  const model::Snapshot& snapshot = *controller.snapshot();
  const shapes::Resources& declared = controller.declared();
  Json balancers = Json::array();
  for (const shapes::LoadBalancer& balancer : controller.resources().load_balancers) {
    Json listeners = Json::array();
    for (const shapes::Listener& listener : balancer.listeners)
      listeners.push_back(listener_json(balancer, listener));
    balancers.push_back({{"name", balancer.name},
                         {"arn", control::arn_of(balancer)},
                         {"resource_id", control::resource_id(balancer)},
                         {"dns_name", control::dns_name_of(balancer)},
                         {"declared", has(declared.load_balancers, balancer.name)},
                         {"listeners", std::move(listeners)}});
  }
  Json groups = Json::array();
  for (uint32_t i = 0; i < snapshot.target_groups.size(); ++i) {
    const bool is_declared = has(declared.target_groups, snapshot.target_groups[i].name);
    groups.push_back(group_json(snapshot, i, is_declared));
  }
  return api::json_text(Json{{"revision", snapshot.revision},
                             {"endpoint", "http://" + controller.settings().admin.to_string()},
                             {"version", version},
                             {"reasons", reasons_json()},
                             {"load_balancers", std::move(balancers)},
                             {"target_groups", std::move(groups)}});
}

}  // namespace daruma::console
