// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "api/elbv2.h"
#include "control/arns.h"
#include "model/limits.h"

namespace daruma::api::elbv2 {
namespace {

namespace limits = model::limits;
using control::arn_of;
using Place = Catalog::RulePlace;

void write(Call& call, const Place& place) {
  XmlWriter& out = call.out;
  static const shapes::Rule none;
  const bool is_default = place.rule == nullptr;
  const shapes::Rule& rule = is_default ? none : *place.rule;
  out.element("RuleArn", is_default ? control::default_rule_arn(*place.balancer, *place.listener)
                                    : arn_of(*place.balancer, *place.listener, rule));
  out.element("Priority", is_default ? "default" : std::to_string(rule.priority.value_or(0)));
  out.each("Conditions", rule.conditions, [&](const shapes::RuleCondition& condition) {
    const shapes::RuleCondition whole = shown(condition);
    describe(out, whole);
  });
  write_actions(out, "Actions", is_default ? place.listener->default_actions : rule.actions);
  out.flag("IsDefault", is_default);
  if (!rule.transforms.empty()) out.objects("Transforms", rule.transforms);
}

void write_all(Call& call, const std::vector<Place>& places) {
  call.out.each("Rules", places, [&](const Place& place) { write(call, place); });
}

Expected<void> check_priority(int64_t priority) {
  if (priority >= limits::rule_priority.least && priority <= limits::rule_priority.most) return {};
  return invalid(
      fmt::format("1 validation error detected: Value '{}' at 'priority' failed to "
                  "satisfy constraint: Member must have value between {} and {}",
                  priority, limits::rule_priority.least, limits::rule_priority.most));
}

bool is_taken(const shapes::Listener& listener, int64_t priority) {
  return std::ranges::any_of(listener.rules,
                             [&](const auto& rule) { return rule.priority == priority; });
}

// Priorities sort as texts; the default rule is the last.
std::string key_of(const Place& place) {
  return place.rule ? fmt::format("{:05}", place.rule->priority.value_or(0)) : "default";
}

// A rule that may be changed: not a default one.
Expected<shapes::Rule*> edited(Call& call, const Expected<Place>& place, std::string_view doing) {
  if (!place) return tl::unexpected(place.error());
  if (const auto balancer = call.catalog.edit(*place->balancer); !balancer) {
    return tl::unexpected(balancer.error());
  }
  if (place->rule) return call.catalog.edit(*place);
  return refuse("OperationNotPermitted", fmt::format("The default rule cannot be {}", doing));
}

}  // namespace

Expected<void> create_rule(Call& call) {
  const std::string arn = call.arn("ListenerArn");
  shapes::Rule wanted;
  QueryReader& in = call.in;
  for (const char* name : {"Conditions", "Priority", "Actions"}) in.need(name);
  in.number("Priority", wanted.priority);
  in.objects("Conditions", wanted.conditions);
  read_actions(in, "Actions", wanted.actions);
  in.objects("Transforms", wanted.transforms);
  wanted.identity = make_identity(call);
  read_tags(in, wanted.identity.tags);
  if (const auto read = call.finish_input(); !read) return read;
  const auto edited = call.catalog.edit_listener(arn);
  if (!edited) return tl::unexpected(edited.error());
  const auto& [balancer, listener] = *edited;
  const int64_t priority = wanted.priority.value_or(0);
  if (const auto good = check_priority(priority); !good) return good;
  if (is_taken(*listener, priority)) {
    return refuse("PriorityInUse", "The specified priority is in use.");
  }
  listener->rules.push_back(std::move(wanted));
  if (const auto good = check_balancer(call.catalog, *balancer); !good) return good;
  write_all(call, {{balancer, listener, &listener->rules.back()}});
  return {};
}

Expected<void> describe_rules(Call& call) {
  std::string listener_arn;
  std::vector<std::string> arns;
  call.in.text("ListenerArn", listener_arn);
  call.in.texts("RuleArns", arns);
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  if (listener_arn.empty() == arns.empty()) {
    return invalid("You must specify either listener rule ARNs or a listener ARN");
  }
  Keyed<Place> places;
  for (const std::string& arn : arns) {
    const auto place = call.catalog.rule(arn);
    if (!place) return tl::unexpected(place.error());
    places.emplace_back(arn, *place);
  }
  if (arns.empty()) {
    const auto listener = call.catalog.listener(listener_arn);
    if (!listener) return tl::unexpected(listener.error());
    const auto add = [&](const shapes::Rule* rule) {
      const Place place{listener->balancer, listener->listener, rule};
      places.emplace_back(key_of(place), place);
    };
    for (const shapes::Rule& rule : listener->listener->rules) add(&rule);
    add(nullptr);
  }
  write_page(call.out, "Rules", std::move(places), *paging,
             [&](const Place& place) { write(call, place); });
  return {};
}

Expected<void> modify_rule(Call& call) {
  const std::string arn = call.arn("RuleArn");
  shapes::Rule given;
  QueryReader& in = call.in;
  std::optional<bool> reset_transforms;
  in.objects("Conditions", given.conditions);
  read_actions(in, "Actions", given.actions);
  in.objects("Transforms", given.transforms);
  in.flag("ResetTransforms", reset_transforms);
  const bool conditions = in.has("Conditions");
  const bool actions = in.has("Actions");
  const bool transforms = in.has("Transforms");
  if (const auto read = call.finish_input(); !read) return read;
  const auto place = call.catalog.rule(arn);
  const auto rule = edited(call, place, "modified; modify its listener");
  if (!rule) return tl::unexpected(rule.error());
  if (transforms && reset_transforms == true) {
    return invalid("You cannot specify both Transforms and ResetTransforms");
  }
  if (conditions) (*rule)->conditions = given.conditions;
  if (actions) (*rule)->actions = given.actions;
  if (transforms || reset_transforms == true) (*rule)->transforms = given.transforms;
  if (const auto good = check_balancer(call.catalog, *place->balancer); !good) return good;
  write_all(call, {*place});
  return {};
}

Expected<void> delete_rule(Call& call) {
  const std::string arn = call.arn("RuleArn");
  if (const auto read = call.finish_input(); !read) return read;
  const auto place = call.catalog.rule(arn);
  const auto rule = edited(call, place, "deleted");
  if (!rule) return tl::unexpected(rule.error());
  const std::string id = (*rule)->identity.id;
  const auto listener = call.catalog.edit(Catalog::ListenerPlace{place->balancer, place->listener});
  if (!listener) return tl::unexpected(listener.error());
  std::erase_if((*listener)->rules, [&](const auto& each) { return each.identity.id == id; });
  return {};
}

Expected<void> set_rule_priorities(Call& call) {
  std::vector<std::pair<std::string, std::optional<int64_t>>> wanted;
  call.in.need("RulePriorities");
  call.in.each("RulePriorities", [&](QueryReader& in) {
    auto& [arn, priority] = wanted.emplace_back();
    in.need("RuleArn");
    in.need("Priority");
    in.text("RuleArn", arn);
    in.number("Priority", priority);
  });
  if (const auto read = call.finish_input(); !read) return read;
  std::vector<Place> places;
  for (const auto& [arn, priority] : wanted) {
    const auto place = call.catalog.rule(arn);
    const auto rule = edited(call, place, "given a priority");
    if (!rule) return tl::unexpected(rule.error());
    if (const auto good = check_priority(priority.value_or(0)); !good) return good;
    (*rule)->priority = priority;
    places.push_back(*place);
  }
  for (const Place& place : places) {
    std::set<int64_t> seen;
    std::set<int64_t> given;
    for (const Place& each : places) {
      if (each.listener != place.listener) continue;
      if (given.insert(each.rule->priority.value_or(0)).second) continue;
      return invalid(fmt::format("Priority '{}' was provided multiple times",
                                 each.rule->priority.value_or(0)));
    }
    for (const shapes::Rule& rule : place.listener->rules) {
      if (seen.insert(rule.priority.value_or(0)).second) continue;
      return refuse("PriorityInUse", "The specified priority is in use.");
    }
  }
  write_all(call, places);
  return {};
}

}  // namespace daruma::api::elbv2
