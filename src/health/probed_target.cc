// SPDX-License-Identifier: Apache-2.0
#include "health/probed_target.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace daruma::health {
namespace {

constexpr Duration spread_max = 1s;
constexpr Duration of_late = 10s;

Checking checking_of(const model::TargetGroup& group) {
  if (!group.in_use) return Checking::not_in_use;
  return group.health_check.enabled ? Checking::on : Checking::disabled;
}

// A probe for `before` still answers the question of `after`.
bool same_question(const model::HealthCheck& before, const model::HealthCheck& after) {
  return before.protocol == after.protocol && before.version == after.version &&
         before.port == after.port && before.path == after.path &&
         before.matcher == after.matcher && before.body == after.body;
}

// A probe would have failed there as well.
bool is_at_door(model::Reason reason) {
  return reason == model::Reason::target_connect_timeout ||
         reason == model::Reason::target_tls_handshake_timeout;
}

}  // namespace

ProbedTarget::ProbedTarget(const ProbeEnvironment& environment, telemetry::Registry& registry,
                           model::TargetKey key, ProbedTargetObserver& observer)
    : environment_(environment),
      registry_(registry),
      key_(std::move(key)),
      observer_(observer),
      labels_{key_.group, key_.to_string(), ""},
      due_(environment.loop.timers(), *this) {}

ProbedTarget::~ProbedTarget() = default;

void ProbedTarget::adopt(const model::TargetGroup& group, const model::Target& target,
                         std::shared_ptr<tls::ClientContext> tls) {
  const bool was_probed = history_.checking() == Checking::on;
  if (!same_question(check_, group.health_check) || addresses_ != target.addresses) probe_.reset();
  check_ = group.health_check;
  set_tls(group.tls.get(), std::move(tls));
  addresses_ = target.addresses;
  labels_.zone = target.zone;
  guarded_ = group.saturation_guard.enabled;
  if (status_watch_.path() != group.status_path) probe_asks_ = false;
  status_watch_.set_path(group.status_path);
  if (!guarded_) {
    traffic_.set_door_shut(false);
    probe_excused_ = false;
    rhythm_ = {};
    damping_ = {};
    set_saturated();
  }
  history_.set_checking(checking_of(group));
  const bool is_probed = history_.checking() == Checking::on;
  if (!is_probed) {
    due_.clear();
    last_due_.reset();
    probe_.reset();
  } else if (!was_probed) {
    schedule_first();
  } else {
    keep_time();
  }
}

// What was agreed upon under other settings is not resumed.
void ProbedTarget::set_tls(const model::TargetTls* settings,
                           std::shared_ptr<tls::ClientContext> tls) {
  std::string server_name = settings ? settings->server_name : "";
  if (server_name.empty() && settings && settings->verify) server_name = key_.id;
  if (tls_ == tls && server_name_ == server_name) return;
  probe_.reset();
  tls_ = std::move(tls);
  server_name_ = std::move(server_name);
  sessions_ = std::make_unique<tls::SessionCache>();
}

bool ProbedTarget::full_of_late() const {
  if (traffic_.door_shut()) return true;
  return last_full_ != Instant{} && environment_.loop.now() < last_full_ + of_late;
}

void ProbedTarget::set_door_shut(bool shut) {
  if (shut || traffic_.door_shut()) last_full_ = environment_.loop.now();
  traffic_.set_door_shut(shut);
  const model::TargetHealth before = health();
  set_saturated();
  if (health() != before) observer_.on_health_changed(*this, before, ProbeOutcome::not_made);
  keep_time();
  if (shut) look_at_full_server();
}

// What its workers do is of interest now. The next probe comes sooner, and the one after it counts
// from there: it is none more.
void ProbedTarget::look_at_full_server() {
  const Instant due = std::max(status_watch_.due(), environment_.loop.now());
  if (history_.checking() == Checking::on && due < next_due_) set_due(due + spread());
}

// Probes decide, by the group's thresholds; requests that fail only make them hurry. Not for the
// last one of its group: what is gained by knowing sooner that all of them are asked?
void ProbedTarget::on_requests_failed(const model::FailureReport& report) {
  traffic_.on_failures(environment_.loop.now(), report.in_a_row, answered(),
                       is_at_door(report.reason));
  const bool doubtful = health().state == model::HealthState::healthy && traffic_.accuses();
  if (!doubtful || !guarded_ || rhythm_.hurried()) return;
  if (observer_.siblings_of(*this).none_healthy()) return;
  rhythm_.hurry();
  observer_.on_hurried(*this, report.reason);
  keep_time();
}

void ProbedTarget::set_saturated() {
  history_.set_saturated(probe_excused_ || traffic_.door_shut());
}

// At once, but a thousand targets that are registered together are not all asked in one instant.
void ProbedTarget::schedule_first() {
  last_due_.reset();
  gap_ = rhythm_.gap(check_.interval);
  set_due(environment_.loop.now() + spread());
}

// A new gap counts from the last probe, as if it had always been in force.
void ProbedTarget::keep_time() {
  using model::HealthState;
  rhythm_.set_sparing(traffic_.door_shut() && health().state == HealthState::healthy &&
                      !history_.failing());
  const Duration gap = rhythm_.gap(check_.interval);
  if (std::exchange(gap_, gap) == gap || !last_due_) return;
  const Instant now = environment_.loop.now();
  const Instant due = *last_due_ + gap;
  set_due(due > now ? due : now + spread());
}

void ProbedTarget::set_due(Instant due) {
  next_due_ = due;
  due_.set(due);
}

Duration ProbedTarget::spread() {
  const Duration bound = std::min(spread_max, gap_ / 10);
  if (bound <= Duration::zero()) return Duration::zero();
  const auto drawn = environment_.loop.random().below(static_cast<uint64_t>(bound.count()));
  return Duration(static_cast<Duration::rep>(drawn));
}

// The gap runs from due time to due time: neither a slow answer nor a late timer shifts it. Those
// who share a busy target do not ask it all at once.
void ProbedTarget::on_timer(io::Timer&) {
  const Instant now = environment_.loop.now();
  const bool in_step = next_due_ + gap_ > now;
  last_due_ = in_step ? next_due_ : now;
  set_due(*last_due_ + gap_ + (rhythm_.sparing() ? spread() : Duration::zero()));
  if (!probe_) begin_probe();
}

void ProbedTarget::begin_probe() {
  const model::TargetHealth before = health();
  if (history_.probing_began()) observer_.on_health_changed(*this, before, ProbeOutcome::not_made);
  if (addresses_.empty()) return record({.outcome = ProbeOutcome::name_unresolved});
  address_ %= addresses_.size();
  const Instant now = environment_.loop.now();
  // Not while a verdict is urgent: the question may keep it for a second.
  probe_asks_ = status_watch_.due() <= now && before.state != model::HealthState::unhealthy &&
                !rhythm_.hurried();
  if (probe_asks_) status_watch_.asks(now);
  ProbeRequest request{.protocol = check_.protocol,
                       .version = check_.version,
                       .address = addresses_[address_].with_port(probe_port()),
                       .host = probe_host(key_.id, probe_port()),
                       .path = check_.path,
                       .timeout = check_.timeout,
                       .matcher = check_.matcher,
                       .body = check_.body,
                       .server_name = server_name_,
                       .status_path = probe_asks_ ? status_watch_.path() : ""};
  traffic_.probe_begins(answered());
  // Not make_unique: that this is a ProbeHandler is known in here only.
  const ProbeEnvironment environment{environment_.loop, environment_.slabs, environment_.secure,
                                     tls_ ? *tls_ : environment_.tls};
  probe_.reset(new Probe(environment, std::move(request), *sessions_, *this));
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
  registry_.note_probe(labels_, result.outcome, environment_.loop.now());
  const model::TargetHealth before = health();
  const Thresholds thresholds{.healthy = check_.healthy_threshold,
                              .unhealthy = check_.unhealthy_threshold,
                              .held_out = is_held_out()};
  traffic_.probe_ends(environment_.loop.now(), answered());
  if (!excuse(result)) history_.record(result, thresholds);
  set_saturated();
  const bool convicted = before.state != model::HealthState::unhealthy &&
                         health().state == model::HealthState::unhealthy;
  if (convicted && guarded_) damping_.on_convicted(environment_.loop.now());
  hasten_or_calm(result.outcome);
  keep_time();
  if (health() != before) observer_.on_health_changed(*this, before, result.outcome);
  take_status(result);
}

void ProbedTarget::take_status(const ProbeResult& result) {
  const bool asked = std::exchange(probe_asks_, false);
  if (!asked || result.outcome != ProbeOutcome::passed) return;
  if (status_watch_.take(result.status_page, environment_.loop.now(), traffic_.door_shut()))
    observer_.on_server_status(*this);
}

// Another port is another door.
bool ProbedTarget::excuse(const ProbeResult& result) {
  const bool same_door = probe_port() == key_.port;
  const bool excused = guarded_ && same_door && traffic_.explains(result.outcome);
  if (excused && !probe_excused_) observer_.on_probe_excused(*this, result);
  return probe_excused_ = excused;
}

// Only as long as the others do not need it.
bool ProbedTarget::is_held_out() const {
  return damping_.holds(environment_.loop.now()) && observer_.siblings_of(*this).have_room();
}

// One that was convicted in a hurry is asked in a hurry whether it is back; so is one that the
// others could do with: not where all are out, and asked all the same.
void ProbedTarget::hasten_or_calm(ProbeOutcome outcome) {
  if (outcome == ProbeOutcome::passed) traffic_.on_probe_passed();
  if (health().state != model::HealthState::unhealthy) {
    if (!traffic_.accuses()) rhythm_.calm();
    return;
  }
  if (guarded_ && !rhythm_.hurried() && observer_.siblings_of(*this).lack_room()) rhythm_.hurry();
  if (outcome == ProbeOutcome::passed) {
    rhythm_.on_passed_again();
  } else {
    rhythm_.on_failed_again();
  }
}

uint64_t ProbedTarget::answered() const {
  const std::array<uint64_t, 5> by_class = registry_.responses_of(labels_);
  return std::accumulate(by_class.begin(), by_class.end() - 1, uint64_t{0});
}

}  // namespace daruma::health
