// SPDX-License-Identifier: Apache-2.0
#include "console/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

#include "api/json_codec.h"
#include "console/condition_text.h"
#include "control/arns.h"
#include "http/desync.h"
#include "http/h1_parser.h"
#include "http/uri.h"
#include "routing/in_play.h"
#include "routing/rule_table.h"
#include "routing/target_set.h"
#include "routing/transforms.h"

namespace daruma::console {
namespace {

using api::Json;
using model::HealthState;

struct Place {
  const model::LoadBalancer* balancer = nullptr;
  const model::Listener* listener = nullptr;
};

// "h.example." is the same host as "h.example" (RFC 1034 3.1), as for requests.
std::string_view without_root(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  return host;
}

Result<Place> place_of(const model::Snapshot& snapshot, const TrialRequest& request) {
  const uint16_t port = request.listener.value_or(request.port);
  std::vector<Place> found;
  for (const model::LoadBalancer& balancer : snapshot.load_balancers) {
    if (!request.load_balancer.empty() && balancer.name != request.load_balancer) continue;
    for (const model::Listener& listener : balancer.listeners) {
      if (listener.port == port) found.push_back({&balancer, &listener});
    }
  }
  if (found.size() == 1) return found[0];
  if (!found.empty())
    return fail(fmt::format("several load balancers have port {}; name one: load_balancer=", port));
  if (request.load_balancer.empty())
    return fail(fmt::format("no load balancer listens on port {}; give listener=PORT", port));
  return fail(
      fmt::format("load balancer '{}' has no listener on port {}", request.load_balancer, port));
}

// The same bytes that a client would send, for the parser that would read them.
std::string message_of(const TrialRequest& request) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target,
                                 request.authority);
  for (const auto& [name, value] : request.fields) text += fmt::format("{}: {}\r\n", name, value);
  return text + "\r\n";
}

// By priority; the default rule has 0.
std::string rule_arn(const model::api::Resources& resources, const Place& place, int priority) {
  for (const auto& balancer : resources.load_balancers) {
    if (balancer.name != place.balancer->name) continue;
    for (const auto& listener : balancer.listeners) {
      if (listener.port != place.listener->port) continue;
      for (const auto& rule : listener.rules) {
        if (rule.priority == priority) return control::arn_of(balancer, listener, rule);
      }
      return control::default_rule_arn(balancer, listener);
    }
  }
  return "";
}

// By the engine that serves: a table of this condition alone.
bool holds(const model::Condition& condition, const routing::MatchInput& input) {
  const std::vector<model::Rule> rules{
      {.priority = 1, .conditions = {condition}, .action = model::FixedResponseAction{}},
      {.priority = 0, .conditions = {}, .action = model::FixedResponseAction{}}};
  return routing::RuleTable::compile(rules)->match(input) == 0;
}

Json rule_json(const model::Rule& rule, const std::string& arn, bool matched,
               const routing::MatchInput& input) {
  Json conditions = Json::array();
  for (const model::Condition& condition : rule.conditions) {
    conditions.push_back({{"text", text_of(condition)},
                          {"value", value_of(condition, input)},
                          {"holds", holds(condition, input)}});
  }
  return {{"arn", arn},
          {"priority", rule.priority},
          {"holds", matched},
          {"conditions", std::move(conditions)}};
}

std::string_view name_of(routing::RoutingMode mode) {
  switch (mode) {
    case routing::RoutingMode::healthy:
      return "healthy";
    case routing::RoutingMode::fail_open:
      return "fail_open";
    case routing::RoutingMode::none:
      return "none";
  }
  return "";
}

std::string_view sentence_of(routing::RoutingMode mode) {
  switch (mode) {
    case routing::RoutingMode::healthy:
      return "goes to a healthy target";
    case routing::RoutingMode::fail_open:
      return "too few targets are healthy, so all of them may get it";
    case routing::RoutingMode::none:
      return "no target can get it: 503";
  }
  return "";
}

std::string why(const routing::TargetSet& set, uint32_t target, bool in_zone) {
  const HealthState state = set.health(target);
  if (!in_zone) return "in another zone, and cross-zone load balancing is off";
  if (set.shifted_away(target)) return "traffic is shifted away from its zone";
  if (state == HealthState::unavailable) return "not checked";
  const bool asked_all_the_same = set.is_candidate(target) && state != HealthState::healthy;
  return fmt::format("{}{}", name_of(state), asked_all_the_same ? ", but too few are healthy" : "");
}

Json group_json(const TrialNode& node, const model::TargetGroup& group, double share) {
  const std::vector<bool> in_zone = routing::targets_in_play(group, node.snapshot.node.zone);
  routing::TargetSet set(in_zone, group.balancing.routing, routing::targets_of_shifted_zone(group));
  for (uint32_t i = 0; i < group.targets.size(); ++i)
    set.set_health(i, node.health_of(group.targets[i].key));
  Json targets = Json::array();
  for (uint32_t i = 0; i < group.targets.size(); ++i) {
    const model::TargetKey& key = group.targets[i].key;
    targets.push_back({{"key", key.group + "|" + key.to_string()},
                       {"target", key.to_string()},
                       {"candidate", set.is_candidate(i)},
                       {"why", why(set, i, in_zone[i])}});
  }
  return {{"name", group.name},
          {"share", share},
          {"mode", name_of(set.mode())},
          {"sentence", sentence_of(set.mode())},
          {"targets", std::move(targets)}};
}

Json action_json(const TrialNode& node, const model::Action& action) {
  if (const auto* fixed = std::get_if<model::FixedResponseAction>(&action)) {
    return {{"type", "fixed-response"},
            {"status", fixed->status},
            {"content_type", fixed->content_type},
            {"body", fixed->body}};
  }
  if (const auto* redirect = std::get_if<model::RedirectAction>(&action)) {
    return {
        {"type", "redirect"},      {"status", redirect->status}, {"protocol", redirect->protocol},
        {"host", redirect->host},  {"port", redirect->port},     {"path", redirect->path},
        {"query", redirect->query}};
  }
  const auto& forward = std::get<model::ForwardAction>(action);
  Json groups = Json::array();
  for (const model::WeightedGroup& weighted : forward.groups) {
    const double share = forward.weight_total == 0 ? 0
                                                   : static_cast<double>(weighted.weight) /
                                                         static_cast<double>(forward.weight_total);
    groups.push_back(group_json(node, node.snapshot.target_groups[weighted.group], share));
  }
  return {{"type", "forward"}, {"target_groups", std::move(groups)}};
}

// What its transforms make of it; null if it has none.
Json sent_as(const model::Rule& rule, std::string_view host, std::string_view url) {
  if (!rule.transforms) return nullptr;
  routing::Transforms::Rewritten rewritten;
  const routing::TransformStatus status = rule.transforms->apply(host, url, rewritten);
  return {{"status", routing::name_of(status)},
          {"host", rewritten.host.empty() ? std::string(host) : rewritten.host},
          {"url", rewritten.url.empty() ? std::string(url) : rewritten.url}};
}

}  // namespace

Result<std::string> trial_json(const TrialNode& node, const TrialRequest& request) {
  const auto place = place_of(node.snapshot, request);
  if (!place) return fail(place.error().message);
  const std::string message = message_of(request);
  http::RequestHead head;
  http::H1RequestParser parser;
  if (parser.parse(message, head) != http::ParseStatus::complete)
    return fail("that is no HTTP request, or too long for one: it is answered 400");
  const http::DesyncVerdict verdict = http::classify(head.findings);
  if (verdict.tier > http::DesyncTier::acceptable) {
    return fail(
        fmt::format("the desync guard finds it {}; whether it is refused depends on the "
                    "load balancer's mode",
                    http::name_of(*verdict.reason)));
  }
  const http::TargetParts parts = http::split_target(head.target);
  const auto host = http::split_host(request.authority);
  if (!host) return fail(fmt::format("'{}' is no host: it is answered 400", request.authority));
  std::string storage;
  const routing::MatchInput input{.host = without_root(host->host),
                                  .path = http::normalised_path(parts.path, storage),
                                  .method = head.method_text,
                                  .host_and_port = request.authority,
                                  .query = parts.query,
                                  .fields = &head.fields,
                                  .source = &request.source};
  const model::Listener& listener = *place->listener;
  const uint32_t matched = listener.table->match(input);
  Json rules = Json::array();
  for (uint32_t i = 0; i <= matched; ++i) {
    const model::Rule& rule = listener.rules[i];
    rules.push_back(
        rule_json(rule, rule_arn(node.resources, *place, rule.priority), i == matched, input));
  }
  const model::Rule& rule = listener.rules[matched];
  Json json{{"load_balancer", place->balancer->name},
            {"listener", listener.port},
            {"listener_arn", listener.arn},
            {"host", std::string(input.host)},
            {"path", std::string(input.path)},
            {"query", std::string(input.query)},
            {"rules", std::move(rules)},
            {"rule_arn", rule_arn(node.resources, *place, rule.priority)},
            {"priority", rule.priority},
            {"action", action_json(node, rule.action)}};
  if (Json sent = sent_as(rule, host->host, parts.path_and_query); !sent.is_null())
    json["sent_as"] = std::move(sent);
  return api::json_text(json);
}

}  // namespace daruma::console
