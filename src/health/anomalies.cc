// SPDX-License-Identifier: Apache-2.0
#include "health/anomalies.h"

#include <set>
#include <utility>
#include <vector>

namespace daruma::health {
namespace {

// The registry's counters of one target, in the detector's form. A response that was never whole
// has been counted when it began.
void add(const telemetry::TargetCounters& block, AnomalyEvidence& evidence) {
  for (size_t i = 0; i < block.responses.size(); ++i)
    evidence.requests += block.responses[i].value();
  const uint64_t failed = block.connection_errors_total.value() + block.tls_errors_total.value() +
                          block.failures_total.value();
  evidence.requests += failed;
  evidence.errors += failed + block.responses[telemetry::status_class(500)].value() +
                     block.broken_responses_total.value();
  for (int i = 0; i < AnomalyEvidence::time_classes; ++i) {
    uint64_t& times = evidence.times[static_cast<size_t>(i)];
    for (int b = 0; b < AnomalyEvidence::buckets_per_class; ++b)
      times += block.response_time.count(i * AnomalyEvidence::buckets_per_class + b);
  }
}

}  // namespace

Anomalies::Anomalies(io::Loop& loop, const telemetry::Registry& registry,
                     AnomaliesObserver& observer)
    : loop_(loop), registry_(registry), observer_(observer), next_look_(loop.timers(), *this) {}

void Anomalies::adopt(const model::Snapshot& snapshot) {
  snapshot_ = &snapshot;
  std::set<std::string> named;
  for (const model::TargetGroup& group : snapshot.target_groups) named.insert(group.name);
  std::erase_if(groups_, [&named](const auto& group) { return !named.contains(group.first); });
  if (!next_look_.is_set()) next_look_.set(loop_.now() + AnomalyDetector::interval);
}

void Anomalies::forget(const model::TargetKey& target) {
  const auto found = groups_.find(target.group);
  if (found == groups_.end()) return;
  Group& group = found->second;
  group.counted.erase(target);
  const AnomalyDetector::Verdict before = group.detector.verdict(target);
  group.detector.forget(target);
  if (before != AnomalyDetector::Verdict()) observer_.on_verdict(target, before, {});
}

void Anomalies::stop() {
  snapshot_ = nullptr;
  groups_.clear();
  next_look_.clear();
}

void Anomalies::on_timer(io::Timer&) {
  next_look_.set(loop_.now() + AnomalyDetector::interval);
  for (const model::TargetGroup& group : snapshot_->target_groups) {
    const bool enough = group.in_use && group.targets.size() >= AnomalyDetector::targets_least;
    if (!enough && !groups_.contains(group.name)) continue;
    Group& looked_at = groups_[group.name];
    look(group, looked_at);
    if (!enough && !looked_at.detector.suspects_somebody()) groups_.erase(group.name);
  }
}

void Anomalies::look(const model::TargetGroup& model, Group& group) {
  std::vector<AnomalyDetector::Observation> observations;
  for (const model::Target& target : model.targets) {
    const bool well = model.in_use && observer_.is_healthy(target.key);
    observations.push_back({.target = target.key, .healthy = well, .since_last_look = {}});
  }
  std::vector<AnomalyDetector::Verdict> before;
  for (size_t i = 0; i < observations.size(); ++i) {
    AnomalyDetector::Observation& observation = observations[i];
    before.push_back(group.detector.verdict(observation.target));
    if (observation.healthy) {
      observation.since_last_look = since_last_look(group, model.targets[i]);
    } else {
      group.counted.erase(observation.target);
    }
  }
  group.detector.look(observations, model.balancing.anomaly_mitigation);
  for (size_t i = 0; i < observations.size(); ++i) {
    const AnomalyDetector::Verdict now = group.detector.verdict(observations[i].target);
    if (now != before[i]) observer_.on_verdict(observations[i].target, before[i], now);
  }
  forget_unregistered(group, model);
}

void Anomalies::forget_unregistered(Group& group, const model::TargetGroup& model) {
  if (group.counted.size() <= model.targets.size()) return;
  std::set<model::TargetKey> registered;
  for (const model::Target& target : model.targets) registered.insert(target.key);
  std::erase_if(group.counted,
                [&registered](const auto& entry) { return !registered.contains(entry.first); });
}

// Of a target that was not compared before nothing is held against it.
AnomalyEvidence Anomalies::since_last_look(Group& group, const model::Target& target) {
  const AnomalyEvidence now = counted(target);
  const auto [place, is_new] = group.counted.try_emplace(target.key, now);
  if (is_new) return {};
  return now.since(std::exchange(place->second, now));
}

AnomalyEvidence Anomalies::counted(const model::Target& target) const {
  AnomalyEvidence evidence;
  const telemetry::TargetLabels labels{target.key.group, target.key.to_string(), target.zone};
  registry_.for_each_of(
      labels, [&evidence](const telemetry::TargetCounters& block) { add(block, evidence); });
  return evidence;
}

}  // namespace daruma::health
