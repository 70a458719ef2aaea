// SPDX-License-Identifier: Apache-2.0
#include "sim/routing_audit.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/sim_configuration.h"

namespace daruma::sim {
namespace {

bool takes_full_share(model::HealthState state) {
  return state == model::HealthState::healthy || state == model::HealthState::unavailable;
}

std::string_view path_of(const RequestScript& script) {
  return std::string_view(script.path).substr(0, script.path.find('?'));
}

Instant routed_before(const ExchangeRecord& record) {
  return record.target.arrivals > 0 ? record.target.arrived : record.log.at;
}

// Whether a rule decided about it, as far as anybody can see.
bool was_routed(const ExchangeRecord& record) {
  const LogSeen& log = record.log;
  return record.target.arrivals > 0 ||
         (log.lines > 0 &&
          (log.target != "-" || log.action == "fixed-response" || log.action == "redirect" ||
           log.reason == "no_registered_targets" || log.reason == "no_group_weight"));
}

}  // namespace

void RoutingAudit::on_health_posted(uint32_t loop, const model::HealthLetter& letter) {
  mailboxes_[loop].waiting.push_back({.revision = 0, .health = letter});
}

// An unread one is never adopted.
void RoutingAudit::on_snapshot_posted(uint32_t loop, uint64_t revision) {
  std::vector<Posted>& waiting = mailboxes_[loop].waiting;
  std::erase_if(waiting, [](const Posted& posted) { return posted.revision != 0; });
  waiting.push_back({.revision = revision, .health = {}});
}

void RoutingAudit::on_mailbox_read(uint32_t loop, Instant now) {
  Mailbox& mailbox = mailboxes_[loop];
  if (mailbox.waiting.empty()) return;
  mailbox.readings.push_back({now, std::move(mailbox.waiting)});
  mailbox.waiting.clear();
}

void RoutingAudit::apply(const Posted& posted, View& view) const {
  if (posted.revision == 0) {
    view.health[posted.health.target] = {posted.health.health.state, false};
    return;
  }
  view.revision = posted.revision;
  const model::Snapshot& snapshot = *snapshots_.at(posted.revision);
  for (auto& entry : view.health) {
    const model::TargetKey& wanted = entry.first;
    const bool named = std::ranges::any_of(snapshot.target_groups, [&](const auto& group) {
      return std::ranges::any_of(group.targets, [&](const auto& t) { return t.key == wanted; });
    });
    if (!named) entry.second.perhaps_initial = true;
  }
}

std::vector<RoutingAudit::View> RoutingAudit::views_of(const Mailbox& mailbox) const {
  std::vector<View> views;
  View view{};
  for (const Reading& reading : mailbox.readings) {
    view.from = reading.at;
    for (const Posted& posted : reading.letters) apply(posted, view);
    views.push_back(view);
  }
  return views;
}

// After so long a calm every target that is checked is healthy, and everybody has been told so.
void RoutingAudit::check_health_at_rest() {
  for (const model::TargetGroup& group : snapshots_.rbegin()->second->target_groups) {
    for (const model::Target& target : group.targets) {
      if (group.in_use && told_[target.key] != model::HealthState::healthy)
        auditor_.violation("target " + target.key.to_string() + " of " + group.name + " is " +
                           std::string(name_of(told_[target.key])) + " at rest");
    }
  }
  for (const auto& [loop, mailbox] : mailboxes_) {
    if (mailbox.readings.empty()) continue;  // not a worker's
    std::map<model::TargetKey, model::HealthState> worker;
    for (const Reading& reading : mailbox.readings) {
      for (const Posted& posted : reading.letters) {
        if (posted.revision == 0) worker[posted.health.target] = posted.health.health.state;
      }
    }
    check_told_alike(worker);
  }
}

// Where control hears `unused`, workers hear `initial`.
void RoutingAudit::check_told_alike(
    const std::map<model::TargetKey, model::HealthState>& worker) const {
  for (const auto& [target, state] : told_) {
    const auto found = worker.find(target);
    const auto due = state == model::HealthState::unused ? model::HealthState::initial : state;
    if (found == worker.end() || found->second != due)
      auditor_.violation("a worker and control were told differently of " + target.to_string());
  }
}

void RoutingAudit::check() {
  sticky_.learn(auditor_.exchanges());
  for (const auto& [loop, mailbox] : mailboxes_) {
    const std::vector<View> views = views_of(mailbox);
    for (const auto& [token, record] : auditor_.exchanges()) {
      if (auditor_.violated()) return;
      if (record.worker_loop == loop && was_routed(record)) check_exchange(record, views);
    }
    check_shares(views, loop);
  }
}

// When the request may have been matched by the snapshot before `next`: what had come behind a
// request under way when the listener went is still answered by the rules of then.
Instant RoutingAudit::matched_after(const ExchangeRecord& record, const View& next) const {
  if (next.revision == 0) return record.client.begun;
  const uint16_t port = record.client.listener.port();
  for (const model::LoadBalancer& balancer : snapshots_.at(next.revision)->load_balancers) {
    for (const model::Listener& listener : balancer.listeners) {
      if (listener.port == port) return record.client.begun;
    }
  }
  return record.client.busy_since;
}

// The snapshot is that of the moment when the rule was matched; the target is chosen then, or later
// by the health of then: after a wait, a second attempt, or on a listener that is gone since.
void RoutingAudit::check_exchange(const ExchangeRecord& record, const std::vector<View>& views) {
  ++checked_;
  const Instant to = routed_before(record);
  std::string why_not;
  for (size_t matched = 0; matched < views.size(); ++matched) {
    if (matched + 1 < views.size() &&
        views[matched + 1].from < matched_after(record, views[matched + 1]))
      continue;
    std::set<model::TargetKey> gone;
    for (size_t chosen = matched; chosen < views.size() && views[chosen].from <= to; ++chosen) {
      View view = views[chosen];
      view.revision = views[matched].revision;
      add_removed(view.revision, views[chosen].revision, gone);
      view.gone = gone;
      std::string why;
      if (explains(view, record, why)) return;
      if (why_not.find(why) == std::string::npos) why_not += (why_not.empty() ? "" : "; ") + why;
    }
  }
  auditor_.violation(
      record.client.script.token,
      "no one moment explains how " + record.client.script.path + " was routed: " + why_not);
}

bool RoutingAudit::explains(const View& view, const ExchangeRecord& record,
                            std::string& why_not) const {
  if (view.revision == 0) return false;
  const model::Snapshot& snapshot = *snapshots_.at(view.revision);
  const RequestScript& script = record.client.script;
  const bool has_host = script.malformation != Malformation::no_host;
  const model::Rule* rule = expected_rule(snapshot, record.client.listener.port(),
                                          has_host ? script.host : "", path_of(script));
  why_not = "revision " + std::to_string(view.revision) + ": ";
  if (!rule) {
    why_not += "no such listener";
    return false;
  }
  if (record.log.lines > 0 && record.log.rule_priority != rule->priority) {
    why_not += "rule " + std::to_string(rule->priority) + ", the log says " +
               std::to_string(record.log.rule_priority);
    return false;
  }
  if (const auto* forward = std::get_if<model::ForwardAction>(&rule->action))
    return explains_forward(view, *forward, record, why_not);
  why_not += "rule " + std::to_string(rule->priority) + " does not forward";
  if (record.target.arrivals > 0 || record.log.target != "-") return false;
  if (const auto* fixed = std::get_if<model::FixedResponseAction>(&rule->action)) {
    why_not += " but answers: " + fixed->body;
    const bool seen = record.client.ending == Ending::complete && script.method != "HEAD";
    return record.log.action == "fixed-response" &&
           (!seen || record.response.own_body == fixed->body);
  }
  return record.log.action == "redirect";
}

bool RoutingAudit::explains_forward(const View& view, const model::ForwardAction& action,
                                    const ExchangeRecord& record, std::string& why_not) const {
  const model::Snapshot& snapshot = *snapshots_.at(view.revision);
  const LogSeen& log = record.log;
  if (record.target.arrivals == 0 && log.reason == "no_group_weight")
    return action.weight_total == 0;
  const std::string target =
      record.target.arrivals > 0 ? record.target.target.to_string() : log.target;
  why_not += "target " + target + " is no candidate of";
  std::vector<std::string> arns;
  for (const model::WeightedGroup& weighted : action.groups)
    arns.push_back(snapshot.target_groups[weighted.group].arn);
  const std::string* sticky =
      action.stickiness > 0s ? sticky_.group_of(record.client.cookies, arns) : nullptr;
  if (sticky) why_not += " " + *sticky + ", as its cookie says:";
  for (const model::WeightedGroup& weighted : action.groups) {
    const model::TargetGroup& group = snapshot.target_groups[weighted.group];
    if (sticky && group.arn != *sticky) continue;
    if (weighted.weight == 0 && !sticky) continue;
    if (log.lines > 0 && log.target_group != "-" && log.target_group != group.arn) continue;
    if (record.target.arrivals == 0 && log.reason == "no_registered_targets") {
      const bool none = std::ranges::none_of(group.targets, [&](const model::Target& t) {
        return may_be_candidate(view, group, t.addresses.front());
      });
      if (none) return true;
      continue;
    }
    for (const model::Target& t : group.targets) {
      if (t.addresses.front().to_string() == target && stays(view, group, record, target) &&
          (may_be_candidate(view, group, t.addresses.front()) ||
           keeps_unchecked(view, group, record, t)))
        return true;
    }
    why_not += " " + group.name;
    if (const std::string* own = sticky_.target_of(record.client.cookies, group.arn))
      why_not += ", where its cookie names " + *own;
  }
  return false;
}

// What a newer snapshot does not name gets nothing new from an older one either, also where a later
// one names it again.
void RoutingAudit::add_removed(uint64_t older, uint64_t newer,
                               std::set<model::TargetKey>& gone) const {
  if (older == newer) return;
  std::set<model::TargetKey> named;
  for (const model::TargetGroup& group : snapshots_.at(newer)->target_groups) {
    for (const model::Target& target : group.targets) named.insert(target.key);
  }
  for (const model::TargetGroup& group : snapshots_.at(older)->target_groups) {
    for (const model::Target& target : group.targets) {
      if (!named.contains(target.key)) gone.insert(target.key);
    }
  }
}

// Where the client's cookie says that it goes; nullptr if it says nothing.
const std::string* RoutingAudit::sticky_target(const model::TargetGroup& group,
                                               const ExchangeRecord& record) const {
  if (group.stickiness.type == model::StickinessType::off) return nullptr;
  return sticky_.target_of(record.client.cookies, group.arn);
}

bool RoutingAudit::surely_serves(const View& view, const model::Target& target) const {
  const auto told = view.health.find(target.key);
  return told != view.health.end() && takes_full_share(told->second.state) &&
         !told->second.perhaps_initial && !view.gone.contains(target.key);
}

// Whether the client goes where its cookie says, if that target is healthy and registered. Under
// guard, one whose requests have failed may have lost its clients.
bool RoutingAudit::stays(const View& view, const model::TargetGroup& group,
                         const ExchangeRecord& record, const std::string& target) const {
  const std::string* own = sticky_target(group, record);
  if (own == nullptr || *own == target) return true;
  if (group.saturation_guard.enabled && sticky_.has_failed(*own)) return true;
  return std::ranges::none_of(group.targets, [&](const model::Target& t) {
    return t.addresses.front().to_string() == *own && surely_serves(view, t) &&
           may_be_candidate(view, group, t.addresses.front());
  });
}

// A target that has not been checked yet keeps the clients that it has.
bool RoutingAudit::keeps_unchecked(const View& view, const model::TargetGroup& group,
                                   const ExchangeRecord& record,
                                   const model::Target& target) const {
  const std::string* own = sticky_target(group, record);
  if (own == nullptr || *own != target.addresses.front().to_string()) return false;
  if (view.gone.contains(target.key)) return false;
  const auto told = view.health.find(target.key);
  return told == view.health.end() || told->second.perhaps_initial ||
         told->second.state == model::HealthState::initial;
}

namespace {

bool are_enough(const model::Balancing& balancing, size_t healthy, size_t registered) {
  return healthy >= std::max(balancing.routing.count, 1u) &&
         healthy * 100 >= balancing.routing.percentage * registered;
}

}  // namespace

// By the words of AWS, target by target: its zone, what is registered, who is healthy, and whether
// these are enough; of what the worker may have been told.
bool RoutingAudit::may_be_candidate(const View& view, const model::TargetGroup& group,
                                    const Address& target) const {
  const model::Balancing& balancing = group.balancing;
  const std::string& node_zone = snapshots_.at(view.revision)->node.zone;
  if (!balancing.cross_zone)
    return may_serve(view, group, target,
                     [&](const model::Target& t) { return t.zone.empty() || t.zone == node_zone; });
  const auto all = [](const model::Target&) { return true; };
  const auto kept = [&](const model::Target& t) { return t.zone != balancing.shifted_zone; };
  const Shift shift = shift_of(view, group);
  return (shift.may_be_passed_over && may_serve(view, group, target, all)) ||
         (shift.may_hold && may_serve(view, group, target, kept));
}

// A zonal shift holds while the targets of the other zones do not fail open; those that were not
// checked yet count as healthy there.
RoutingAudit::Shift RoutingAudit::shift_of(const View& view,
                                           const model::TargetGroup& group) const {
  const model::Balancing& balancing = group.balancing;
  size_t registered = 0, surely = 0, perhaps = 0, away = 0;
  for (const model::Target& t : group.targets) {
    if (view.gone.contains(t.key)) continue;
    if (t.zone == balancing.shifted_zone && !balancing.shifted_zone.empty()) {
      ++away;
      continue;
    }
    const auto found = view.health.find(t.key);
    const Told told = found == view.health.end() ? Told{} : found->second;
    const bool counts = takes_full_share(told.state) || told.state == model::HealthState::initial;
    ++registered;
    surely += counts;
    perhaps += !counts && told.perhaps_initial;
  }
  if (away == 0) return {.may_hold = false, .may_be_passed_over = true};
  return {.may_hold = are_enough(balancing, surely + perhaps, registered),
          .may_be_passed_over = !are_enough(balancing, surely, registered)};
}

bool RoutingAudit::may_serve(const View& view, const model::TargetGroup& group,
                             const Address& target,
                             const std::function<bool(const model::Target&)>& in_reach) const {
  size_t registered = 0, surely_healthy = 0;
  bool reachable = false, may_be_healthy = false;
  for (const model::Target& t : group.targets) {
    if (view.gone.contains(t.key) || !in_reach(t)) continue;
    const auto found = view.health.find(t.key);
    const Told told = found == view.health.end() ? Told{} : found->second;
    const bool full = takes_full_share(told.state);
    ++registered;
    surely_healthy += full && !told.perhaps_initial;
    if (t.addresses.front() != target) continue;
    reachable = true;
    may_be_healthy = full;
  }
  if (!reachable || may_be_healthy) return reachable;
  return !are_enough(group.balancing, surely_healthy, registered);
}

namespace {

// How many requests, of which so many came or ended while others were candidates, none of the
// candidates is left out of. Never, where that depends on more than their number.
size_t requests_for_all(const model::TargetGroup& group, size_t candidates, size_t partly) {
  // Under guard, those that fail or are full are left out, which this audit cannot know.
  if (group.saturation_guard.enabled || group.balancing.slow_start > 0s) return SIZE_MAX;
  switch (group.balancing.algorithm) {
    case model::Algorithm::round_robin:
      return candidates * (partly + 2);
    case model::Algorithm::least_outstanding_requests:
      return SIZE_MAX;  // one that holds its requests long enough
    case model::Algorithm::weighted_random:
      // One in e^50 runs at most leaves one out; but some are to be left out, nearly.
      return group.balancing.anomaly_mitigation ? SIZE_MAX : candidates * 50;
  }
  return SIZE_MAX;
}

}  // namespace

// While the candidates stay the same, none of them is left out for long.
void RoutingAudit::check_shares(const std::vector<View>& views, uint32_t loop) {
  for (size_t i = 0; i < views.size() && !auditor_.violated(); ++i) {
    if (views[i].revision == 0) continue;
    const Instant end = i + 1 < views.size() ? views[i + 1].from : never;
    for (const model::TargetGroup& group : snapshots_.at(views[i].revision)->target_groups) {
      const auto& health = views[i].health;
      const bool certain = std::ranges::none_of(group.targets, [&](const model::Target& t) {
        const auto told = health.find(t.key);
        return told != health.end() && told->second.perhaps_initial;
      });
      const bool sticky = group.stickiness.type != model::StickinessType::off;
      if (!certain || sticky) continue;
      std::map<std::string, size_t> counts;
      for (const model::Target& t : group.targets) {
        if (may_be_candidate(views[i], group, t.addresses.front()))
          counts[t.addresses.front().to_string()] = 0;
      }
      size_t inside = 0, partly = 0;
      for (const auto& [token, record] : auditor_.exchanges()) {
        const LogSeen& log = record.log;
        if (record.worker_loop != loop || log.target_group != group.arn) continue;
        if (log.status == 464) continue;  // its protocol was no target's of the group
        if (log.at < views[i].from || record.client.begun >= end) continue;
        const bool whole = record.client.begun >= views[i].from && log.at < end;
        ++(whole ? inside : partly);
        if (whole && counts.contains(log.target)) ++counts[log.target];
      }
      if (inside < requests_for_all(group, counts.size(), partly)) continue;
      for (const auto& [target, count] : counts) {
        if (count == 0)
          return auditor_.violation("target " + target + " of " + group.name + " got none of " +
                                    std::to_string(inside) + " requests of worker loop " +
                                    std::to_string(loop) + " though it was a candidate");
      }
    }
  }
}

}  // namespace daruma::sim
