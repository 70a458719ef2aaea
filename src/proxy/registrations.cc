// SPDX-License-Identifier: Apache-2.0
#include "proxy/registrations.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/limits.h"
#include "proxy/environment.h"
#include "routing/in_play.h"

namespace daruma::proxy {

Registrations::Registrations(Environment& environment, Owner& owner)
    : environment_(environment), owner_(owner) {}

Registrations::~Registrations() {
  current_ = {};
}

void Registrations::adopt(model::SnapshotRef snapshot) {
  if (snapshot->revision <= newest_revision() || environment_.draining)
    return owner_.on_retired(std::move(snapshot));
  if (waiting_) owner_.on_retired(std::move(waiting_));
  waiting_ = std::move(snapshot);
  if (phase_ == Phase::idle) work();
}

uint64_t Registrations::newest_revision() const {
  if (waiting_) return waiting_->revision;
  return adopting_ ? adopting_->snapshot().revision : revision();
}

void Registrations::adopt_no_more() {
  if (waiting_) owner_.on_retired(std::exchange(waiting_, nullptr));
  while (phase_ == Phase::serving) serve_next();
  if (phase_ != Phase::registering) return;
  if (current_) current_->take_back();
  owner_.on_retired(adopting_->take_snapshot());
  let_go_.push_back(std::move(adopting_));
  phase_ = Phase::idle;
  environment_.loop.call_soon(*this);
}

// --- Piece by piece ---

void Registrations::work() {
  const Instant begin = environment_.loop.precise_now();
  work_for(begin);
  environment_.counters.adoption_time.record(environment_.loop.precise_now() - begin);
}

void Registrations::work_for(Instant begin) {
  for (size_t steps = model::limits::adopted_per_turn_max; steps > 0; --steps) {
    if (!step()) return;
    if (environment_.loop.precise_now() - begin >= model::limits::adoption_piece_time) break;
  }
  environment_.loop.call_soon(*this);
}

// About one target or listener. False: nothing is left to do.
bool Registrations::step() {
  switch (phase_) {
    case Phase::registering:
      register_next();
      return true;
    case Phase::serving:
      serve_next();
      return true;
    case Phase::deregistering:
      deregister_next();
      return true;
    case Phase::idle:
      break;
  }
  if (waiting_) {
    begin(std::exchange(waiting_, nullptr));
    return true;
  }
  if (let_go_.empty()) return false;
  if (!let_go_.back()->let_go_of_one()) let_go_.pop_back();
  return true;
}

void Registrations::begin(model::SnapshotRef snapshot) {
  adopting_ = std::make_unique<AdoptedSnapshot>(std::move(snapshot));
  for (const model::TargetGroup& group : adopting_->snapshot().target_groups)
    adopting_->add(new_group(group));
  phase_ = Phase::registering;
}

AdoptedGroup Registrations::new_group(const model::TargetGroup& group) {
  std::shared_ptr<GroupState>& state = groups_[group.name];
  if (!state) {
    state = std::make_shared<GroupState>();
    state->round_robin = routing::RoundRobin(environment_.worker);
    state->least_outstanding = routing::LeastOutstanding(environment_.worker);
    state->counters = environment_.registry.add(telemetry::TargetGroupLabels{group.name});
  }
  state->named_in = adopting_->snapshot().revision;
  state->began_empty = std::exchange(state->targets, group.targets.size()) == 0;
  const std::string& zone = adopting_->snapshot().node.zone;
  AdoptedGroup adopted{
      &group,
      state,
      routing::TargetSet(routing::targets_in_play(group, zone), group.balancing.routing,
                         routing::targets_of_shifted_zone(group)),
      {}};
  adopted.targets.reserve(group.targets.size());
  return adopted;
}

void Registrations::register_next() {
  AdoptedGroup* group = adopting_->incomplete_group();
  if (!group) return begin_to_serve();
  const auto index = static_cast<uint32_t>(group->targets.size());
  const model::Target& target = group->group->targets[index];
  const std::shared_ptr<TargetState>& state =
      group->targets.emplace_back(find_or_create(target.key, group->state));
  const bool is_new = state->named_in() == 0;
  state->register_as(target, *group->group, adopting_->snapshot().revision);
  if (is_new) consider_slow_start(*state, model::HealthState::initial);
  group->set.set_health(index, state->health());
  if (group->complete()) group->take_over(adopting_->snapshot().revision);
}

std::shared_ptr<TargetState> Registrations::find_or_create(
    const model::TargetKey& key, const std::shared_ptr<GroupState>& group) {
  std::shared_ptr<TargetState>& state = targets_[key];
  if (state) return state;
  state = std::make_shared<TargetState>(environment_, key, group);
  const auto told = told_.find(key);
  if (told == told_.end()) return state;
  state->set_health(told->second.state, told->second.revision);
  told_.erase(told);
  return state;
}

void Registrations::begin_to_serve() {
  adopted_.push_back(std::move(adopting_));
  current_ = Pin(*this, *adopted_.back());
  phase_ = Phase::serving;
  owner_.on_registered();
}

void Registrations::serve_next() {
  if (owner_.serve_next()) return;
  next_target_ = targets_.begin();
  phase_ = Phase::deregistering;
  if (targets_.size() == current_->targets()) finish();
}

// What older snapshots name they keep while requests of theirs run.
void Registrations::deregister_next() {
  if (next_target_ == targets_.end()) return finish();
  const auto target = next_target_++;
  if (target->second->named_in() != revision()) deregister(target);
}

void Registrations::deregister(const Targets::iterator& place) {
  TargetState& target = *place->second;
  // A letter may be about the next snapshot's target of that key.
  if (target.health_told_in() + 1 >= revision())
    told_[place->first] = {target.health(), target.health_told_in()};
  target.deregister();
  tell_snapshots(target, model::HealthState::draining);
  targets_.erase(place);
}

void Registrations::finish() {
  phase_ = Phase::idle;
  // A letter may have come before the snapshot that names its target: it is kept for one more.
  std::erase_if(told_,
                [this](const auto& entry) { return entry.second.revision + 1 < revision(); });
  std::erase_if(groups_,
                [this](const auto& entry) { return entry.second->named_in != revision(); });
}

// --- Letters ---

void Registrations::consider_slow_start(TargetState& target, model::HealthState before) {
  using enum model::HealthState;
  if (before == healthy || target.health() != healthy) return;
  const std::string& group = target.key().group;
  bool others = false;
  for (auto it = targets_.lower_bound({group, "", 0}); it != targets_.end() && !others; ++it) {
    const TargetState& other = *it->second;
    if (other.key().group != group) break;
    others = &other != &target && other.health() == healthy && !other.slow_starting();
  }
  target.on_became_healthy(others);
}

void Registrations::on_letter(const model::HealthLetter& letter) {
  const auto found = targets_.find(letter.target);
  if (found == targets_.end()) {
    told_[letter.target] = {letter.health.state, newest_revision()};
    return;
  }
  const model::HealthState before = found->second->health();
  found->second->set_health(letter.health.state, newest_revision());
  consider_slow_start(*found->second, before);
  tell_snapshots(*found->second, letter.health.state);
}

void Registrations::on_letter(const model::DoorLetter& letter) {
  const auto found = targets_.find(letter.target);
  if (found != targets_.end()) found->second->door().on_letter(letter);
}

// Nobody weighs less than others before it was asked: it is registered here.
void Registrations::on_letter(const model::WeightLetter& letter) {
  const auto found = targets_.find(letter.target);
  if (found != targets_.end()) found->second->set_weight(letter.weight);
}

void Registrations::on_letter(const model::LoadLetter& letter) {
  const auto found = targets_.find(letter.target);
  if (found != targets_.end()) found->second->on_letter(letter);
}

// All of them: requests that go by an older one are to meet the targets of now.
void Registrations::tell_snapshots(const TargetState& target, model::HealthState state) {
  for (const auto& snapshot : adopted_) snapshot->set_health(target, state);
  if (adopting_) adopting_->set_health(target, state);
}

void Registrations::close_unused() {
  for (const auto& [key, target] : targets_) target->close_unused();
}

void Registrations::on_unpinned(AdoptedSnapshot& snapshot) {
  owner_.on_retired(snapshot.take_snapshot());
  const auto place = std::ranges::find(adopted_, &snapshot, &std::unique_ptr<AdoptedSnapshot>::get);
  DARUMA_ASSERT(place != adopted_.end());
  // Not now: it may be one of its own targets that has ended the last exchange.
  let_go_.push_back(std::move(*place));
  adopted_.erase(place);
  environment_.loop.call_soon(*this);
}

}  // namespace daruma::proxy
