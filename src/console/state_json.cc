// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/json_codec.h"
#include "console/live_json.h"
#include "console/standing.h"
#include "control/arns.h"

namespace daruma::console {
namespace {

using api::Json;

double epoch(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// Three digits behind the point are plenty of a rate.
double rate(double value) {
  return std::round(value * 1000) / 1000;
}

Json rates(const ByClass& by_class) {
  Json list = Json::array();
  for (const double each : by_class) list.push_back(rate(each));
  return list;
}

void add_latency(Json& json, const std::optional<Percentiles>& latency) {
  json["p50_seconds"] = latency ? Json(latency->p50) : Json(nullptr);
  json["p99_seconds"] = latency ? Json(latency->p99) : Json(nullptr);
}

template <class Map, class Key>
const typename Map::mapped_type& figures_of(const Map& all, const Key& key) {
  static const typename Map::mapped_type none{};
  const auto found = all.find(key);
  return found == all.end() ? none : found->second;
}

Json advice_of(const StateParts& parts, const std::string& group) {
  Json list = Json::array();
  for (const control::Advice& advice : parts.advice) {
    if (advice.target_group != group) continue;
    list.push_back(
        {{"kind", name_of(advice.kind)}, {"target", advice.target}, {"text", advice.text}});
  }
  return list;
}

// What its targets' health comes to.
GroupStanding standing_of(const StateParts& parts, const model::TargetGroup& group) {
  const GroupFigures& figures = figures_of(parts.figures.groups, group.name);
  GroupStanding standing{.in_use = group.in_use,
                         .waiting = figures.waiting,
                         .turned_away = figures.turned_away,
                         .fail_open = figures.fail_open,
                         .retries = figures.retries,
                         .requests = figures.requests};
  for (const model::Target& target : group.targets) {
    const model::TargetHealth& health = figures_of(parts.controller.target_health(), target.key);
    using enum model::HealthState;
    ++standing.targets;
    standing.healthy += health.state == healthy || health.state == unavailable ? 1 : 0;
    standing.unhealthy += health.state == unhealthy ? 1 : 0;
    standing.saturated += health.saturated ? 1 : 0;
    standing.anomalous += parts.controller.anomaly(target.key).anomalous ? 1 : 0;
    const auto& its =
        figures_of(parts.figures.targets, std::pair(group.name, target.key.to_string()));
    standing.target_errors += its.responses.back();
    standing.failures += its.failures + its.connection_errors;
  }
  return standing;
}

Json group_json(const GroupFigures& figures, const GroupStanding& standing, const Verdict& verdict,
                Json advice) {
  Json json{{"requests", rate(figures.requests)},
            {"requests_total", figures.requests_total},
            {"waiting", figures.waiting},
            {"waited", rate(figures.waited)},
            {"turned_away", rate(figures.turned_away)},
            {"retries", rate(figures.retries)},
            {"fail_open", rate(figures.fail_open)},
            {"targets", standing.targets},
            {"healthy", standing.healthy},
            {"saturated", standing.saturated}};
  add_latency(json, figures.latency);
  json["wait_p50_seconds"] = figures.wait ? Json(figures.wait->p50) : Json(nullptr);
  json["wait_p99_seconds"] = figures.wait ? Json(figures.wait->p99) : Json(nullptr);
  json["standing"] = name_of(verdict.standing);
  json["sentence"] = verdict.sentence;
  json["advice"] = std::move(advice);
  return json;
}

Json balancer_json(const BalancerFigures& figures, const Verdict& verdict) {
  Json reasons = Json::object();
  for (size_t i = 1; i < figures.reasons.size(); ++i) {
    if (figures.reasons[i] > 0)
      reasons[std::string(name_of(static_cast<model::Reason>(i)))] = rate(figures.reasons[i]);
  }
  Json json{
      {"requests", rate(figures.requests)},    {"requests_total", figures.requests_total},
      {"responses", rates(figures.responses)}, {"own_responses", rates(figures.own_responses)},
      {"reasons", std::move(reasons)},         {"connections", figures.connections},
      {"upgraded", figures.upgraded},          {"received_bytes", rate(figures.received_bytes)},
      {"sent_bytes", rate(figures.sent_bytes)}};
  add_latency(json, figures.latency);
  json["standing"] = name_of(verdict.standing);
  json["sentence"] = verdict.sentence;
  return json;
}

std::string number(const std::optional<Percentiles>& latency, double Percentiles::*which) {
  return latency ? fmt::format("{:.6g}", (*latency).*which) : "null";
}

// By hand: there may be thousands, each second.
void append_target(std::string& out, const std::string& key, const TargetFigures& figures,
                   const model::TargetHealth& health, const model::AnomalyLetter& anomaly,
                   bool shifted_away) {
  out += fmt::format(
      "{}:{{\"state\":\"{}\",\"reason\":\"{}\",\"description\":{},\"saturated\":{},"
      "\"anomalous\":{},\"mitigated\":{},\"shifted_away\":{},\"slow_starting\":{},",
      api::json_text(Json(key)), name_of(health.state),
      health.reason == model::HealthReason::none ? "" : name_of(health.reason),
      api::json_text(Json(health.description)), health.saturated, anomaly.anomalous,
      anomaly.mitigated, shifted_away, figures.slow_starting);
  out += fmt::format(
      "\"in_flight\":{},\"open\":{},\"idle\":{},\"learned_limit\":{},\"requests\":{:.3f},"
      "\"requests_total\":{},\"responses\":[{:.3f},{:.3f},{:.3f},{:.3f},{:.3f}],"
      "\"failures\":{:.3f},\"connections\":{:.3f},\"reuses\":{:.3f},\"connection_errors\":{:.3f},"
      "\"handshakes\":{:.3f},\"resumptions\":{:.3f},\"p50_seconds\":{},\"p99_seconds\":{}}}",
      figures.in_flight, figures.open, figures.idle, figures.learned_limit, figures.requests,
      figures.requests_total, figures.responses[0], figures.responses[1], figures.responses[2],
      figures.responses[3], figures.responses[4], figures.failures, figures.connections,
      figures.reuses, figures.connection_errors, figures.handshakes, figures.resumptions,
      number(figures.latency, &Percentiles::p50), number(figures.latency, &Percentiles::p99));
}

std::string targets_text(const StateParts& parts) {
  std::string out = "{";
  const auto add = [&](const model::TargetKey& key, const model::TargetHealth& health) {
    if (out.size() > 1) out += ",";
    const std::string name = key.to_string();
    append_target(out, key.group + "|" + name,
                  figures_of(parts.figures.targets, std::pair(key.group, name)), health,
                  parts.controller.anomaly(key), parts.controller.shifted_away(key));
  };
  for (const auto& [key, health] : parts.controller.target_health()) add(key, health);
  for (const auto& [key, draining] : parts.controller.draining_targets())
    add(key, control::Controller::draining_health());
  return out + "}";
}

Json node_json(const StateParts& parts) {
  const control::Controller& controller = parts.controller;
  const control::Publisher& publisher = controller.publisher();
  const control::ReloadStatus& load = controller.reload_status();
  return {{"healthy", parts.health.ok},
          {"reason", parts.health.ok ? "" : parts.health.reason},
          {"started", epoch(parts.started)},
          {"draining", controller.draining()},
          {"workers", publisher.workers()},
          {"workers_adopted", publisher.adopted(controller.snapshot()->revision)},
          {"problems", controller.problems()},
          {"zone", controller.snapshot()->node.zone},
          {"exchanges_active", parts.figures.exchanges_active},
          {"config_applied_at",
           load.applied_at == WallTime{} ? Json(nullptr) : Json(epoch(load.applied_at))},
          {"config_refused", !load.success}};
}

Json alarms_json(const notify::AlarmBook& book) {
  Json alarm = Json::array();
  size_t ok = 0;
  size_t unknown = 0;
  for (const auto& [name, entry] : book.entries()) {
    switch (entry.standing.state) {
      case alarm::State::ok:
        ++ok;
        break;
      case alarm::State::insufficient_data:
        ++unknown;
        break;
      case alarm::State::alarm:
        alarm.push_back({{"name", name}, {"reason", entry.standing.reason}});
        break;
    }
  }
  return {{"alarm", std::move(alarm)}, {"ok", ok}, {"insufficient_data", unknown}};
}

Json listeners_json(const StateParts& parts) {
  Json listeners = Json::object();
  for (const model::LoadBalancer& balancer : parts.controller.snapshot()->load_balancers) {
    for (const model::Listener& listener : balancer.listeners) {
      const auto& figures = figures_of(parts.figures.listeners,
                                       telemetry::ListenerLabels{balancer.name, listener.port});
      listeners[listener.arn] = {{"requests", rate(figures.requests)},
                                 {"connections", figures.connections},
                                 {"own_errors", rate(figures.own_errors)}};
    }
  }
  return listeners;
}

Json rules_json(const Figures& figures) {
  Json rules = Json::object();
  for (const auto& [arn, its] : figures.rules)
    rules[arn] = {{"requests", rate(its.requests)}, {"requests_total", its.requests_total}};
  return rules;
}

}  // namespace

std::string state_json(const StateParts& parts) {
  const model::Snapshot& snapshot = *parts.controller.snapshot();
  Json groups = Json::object();
  std::vector<Verdict> verdicts;
  for (const model::TargetGroup& group : snapshot.target_groups) {
    Json advice = advice_of(parts, group.name);
    GroupStanding standing = standing_of(parts, group);
    standing.advised = !advice.empty();
    verdicts.push_back(judge(standing));
    groups[group.name] = group_json(figures_of(parts.figures.groups, group.name), standing,
                                    verdicts.back(), std::move(advice));
  }
  Json balancers = Json::object();
  for (size_t i = 0; i < snapshot.load_balancers.size(); ++i) {
    const model::LoadBalancer& balancer = snapshot.load_balancers[i];
    std::vector<BalancerGroup> its;
    for (const uint32_t group : parts.groups[i])
      its.push_back({snapshot.target_groups[group].name, &verdicts[group]});
    const BalancerFigures& figures = figures_of(parts.figures.load_balancers, balancer.name);
    balancers[balancer.name] =
        balancer_json(figures, judge(its, figures.reasons, figures.requests));
  }
  Json json{{"time", epoch(parts.now)},
            {"interval_seconds", rate(parts.figures.seconds)},
            {"revision", snapshot.revision},
            {"node", node_json(parts)},
            {"alarms", alarms_json(parts.alarms)},
            {"load_balancers", std::move(balancers)},
            {"listeners", listeners_json(parts)},
            {"rules", rules_json(parts.figures)},
            {"rules_left_out", parts.figures.rules_left_out},
            {"target_groups", std::move(groups)}};
  std::string text = api::json_text(json);
  text.pop_back();
  return text + ",\"targets\":" + targets_text(parts) + "}";
}

}  // namespace daruma::console
