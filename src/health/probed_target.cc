// SPDX-License-Identifier: Apache-2.0
#include "health/probed_target.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace daruma::health {
namespace {

constexpr Duration spread_max = 1s;

Checking checking_of(const model::TargetGroup& group) {
  if (!group.in_use) return Checking::not_in_use;
  return group.health_check.enabled ? Checking::on : Checking::disabled;
}

// A probe for `before` still answers the question of `after`.
bool same_question(const model::HealthCheck& before, const model::HealthCheck& after) {
  return before.protocol == after.protocol && before.port == after.port &&
         before.path == after.path && before.matcher == after.matcher;
}

}  // namespace

ProbedTarget::ProbedTarget(const ProbeEnvironment& environment, const telemetry::Registry& registry,
                           model::TargetKey key, ProbedTargetObserver& observer)
    : environment_(environment),
      registry_(registry),
      key_(std::move(key)),
      observer_(observer),
      labels_{key_.group, key_.to_string(), ""},
      due_(environment.loop.timers(), *this) {}

ProbedTarget::~ProbedTarget() = default;

void ProbedTarget::adopt(const model::TargetGroup& group, const model::Target& target) {
  const bool was_probed = history_.checking() == Checking::on;
  if (!same_question(check_, group.health_check) || addresses_ != target.addresses) probe_.reset();
  const Duration interval_before = std::exchange(check_, group.health_check).interval;
  addresses_ = target.addresses;
  labels_.zone = target.zone;
  guarded_ = group.saturation_guard.enabled;
  if (!guarded_) {
    traffic_.set_door_shut(false);
    probe_excused_ = false;
    set_saturated();
  }
  history_.set_checking(checking_of(group));
  const bool is_probed = history_.checking() == Checking::on;
  if (!is_probed) {
    due_.clear();
    probe_.reset();
  } else if (!was_probed) {
    schedule_first();
  } else if (interval_before != check_.interval) {
    reschedule();
  }
}

void ProbedTarget::set_door_shut(bool shut) {
  traffic_.set_door_shut(shut);
  const model::TargetHealth before = health();
  set_saturated();
  if (health() != before) observer_.on_health_changed(*this, before, ProbeOutcome::not_made);
}

void ProbedTarget::set_saturated() {
  history_.set_saturated(probe_excused_ || traffic_.door_shut());
}

// At once, but a thousand targets that are registered together are not all asked in one instant.
void ProbedTarget::schedule_first() {
  last_due_.reset();
  set_due(environment_.loop.now() + spread());
}

// The new interval counts from the last probe, as if it had always been in force.
void ProbedTarget::reschedule() {
  if (!last_due_) return;
  const Instant now = environment_.loop.now();
  const Instant due = *last_due_ + check_.interval;
  set_due(due > now ? due : now + spread());
}

void ProbedTarget::set_due(Instant due) {
  next_due_ = due;
  due_.set(due);
}

Duration ProbedTarget::spread() {
  const Duration bound = std::min(spread_max, check_.interval / 10);
  if (bound <= Duration::zero()) return Duration::zero();
  const auto drawn = environment_.loop.random().below(static_cast<uint64_t>(bound.count()));
  return Duration(static_cast<Duration::rep>(drawn));
}

// The interval runs from due time to due time: neither a slow answer nor a late timer shifts it.
void ProbedTarget::on_timer(io::Timer&) {
  const Instant now = environment_.loop.now();
  const bool in_step = next_due_ + check_.interval > now;
  last_due_ = in_step ? next_due_ : now;
  set_due(*last_due_ + check_.interval);
  if (!probe_) begin_probe();
}

void ProbedTarget::begin_probe() {
  const model::TargetHealth before = health();
  if (history_.probing_began()) observer_.on_health_changed(*this, before, ProbeOutcome::not_made);
  if (addresses_.empty()) return record({.outcome = ProbeOutcome::name_unresolved});
  address_ %= addresses_.size();
  ProbeRequest request{.protocol = check_.protocol,
                       .address = addresses_[address_].with_port(probe_port()),
                       .host = probe_host(key_.id, probe_port()),
                       .path = check_.path,
                       .timeout = check_.timeout,
                       .matcher = check_.matcher};
  traffic_.probe_begins(answered());
  // Not make_unique: that this is a ProbeHandler is known in here only.
  probe_.reset(new Probe(environment_, std::move(request), sessions_, *this));
}

void ProbedTarget::on_probe_done(const ProbeResult& result) {
  probe_.reset();
  record(result);
}

void ProbedTarget::record(const ProbeResult& result) {
  // Workers use all addresses of a name in turn, so one that fails is asked again until it passes:
  // the target counts as healthy only while all of them are.
  if (result.outcome == ProbeOutcome::passed) ++address_;
  observer_.on_probed(*this, result);
  const model::TargetHealth before = health();
  const Thresholds thresholds{.healthy = check_.healthy_threshold,
                              .unhealthy = check_.unhealthy_threshold};
  traffic_.probe_ends(answered());
  if (!excuse(result)) history_.record(result, thresholds);
  set_saturated();
  if (health() != before) observer_.on_health_changed(*this, before, result.outcome);
}

// Another port is another door.
bool ProbedTarget::excuse(const ProbeResult& result) {
  const bool same_door = probe_port() == key_.port;
  const bool excused = guarded_ && same_door && traffic_.explains(result.outcome);
  if (excused && !probe_excused_) observer_.on_probe_excused(*this, result);
  return probe_excused_ = excused;
}

uint64_t ProbedTarget::answered() const {
  const std::array<uint64_t, 5> by_class = registry_.responses_of(labels_);
  return std::accumulate(by_class.begin(), by_class.end() - 1, uint64_t{0});
}

}  // namespace daruma::health
