// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "api/json_codec.h"
#include "console/live_json.h"
#include "control/arns.h"
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
std::set<std::string> names_of(const std::vector<T>& all) {
  std::set<std::string> names;
  for (const T& each : all) names.insert(each.name);
  return names;
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

Json group_json(const model::TargetGroup& group, Json balancers, bool declared) {
  Json targets = Json::array();
  for (const model::Target& target : group.targets) targets.push_back(target_json(target));
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

GroupsOf groups_of(const model::Snapshot& snapshot) {
  GroupsOf all;
  for (const model::LoadBalancer& balancer : snapshot.load_balancers) {
    std::set<uint32_t> its;
    for (const model::Listener& listener : balancer.listeners) {
      for (const model::Rule& rule : listener.rules) {
        const auto* forward = std::get_if<model::ForwardAction>(&rule.action);
        if (forward == nullptr) continue;
        for (const model::WeightedGroup& each : forward->groups) its.insert(each.group);
      }
    }
    all.emplace_back(its.begin(), its.end());
  }
  return all;
}

std::string config_json(const control::Controller& controller, const GroupsOf& groups_of_balancers,
                        const std::string& version) {
  const model::Snapshot& snapshot = *controller.snapshot();
  const shapes::Resources& declared = controller.declared();
  const std::set<std::string> balancers_of_file = names_of(declared.load_balancers);
  Json balancers = Json::array();
  for (const shapes::LoadBalancer& balancer : controller.resources().load_balancers) {
    Json listeners = Json::array();
    for (const shapes::Listener& listener : balancer.listeners)
      listeners.push_back(listener_json(balancer, listener));
    balancers.push_back({{"name", balancer.name},
                         {"arn", control::arn_of(balancer)},
                         {"resource_id", control::resource_id(balancer)},
                         {"dns_name", control::dns_name_of(balancer)},
                         {"declared", balancers_of_file.contains(balancer.name)},
                         {"listeners", std::move(listeners)}});
  }
  std::vector<Json> users(snapshot.target_groups.size(), Json::array());
  for (size_t i = 0; i < groups_of_balancers.size(); ++i) {
    for (const uint32_t group : groups_of_balancers[i])
      users[group].push_back(snapshot.load_balancers[i].name);
  }
  const std::set<std::string> of_file = names_of(declared.target_groups);
  Json groups = Json::array();
  for (size_t i = 0; i < users.size(); ++i) {
    const model::TargetGroup& group = snapshot.target_groups[i];
    groups.push_back(group_json(group, std::move(users[i]), of_file.contains(group.name)));
  }
  return api::json_text(Json{{"revision", snapshot.revision},
                             {"endpoint", "http://" + controller.settings().admin.to_string()},
                             {"version", version},
                             {"reasons", reasons_json()},
                             {"load_balancers", std::move(balancers)},
                             {"target_groups", std::move(groups)}});
}

}  // namespace daruma::console
