// SPDX-License-Identifier: Apache-2.0
#include "health/doors.h"

#include <iterator>

namespace daruma::health {
namespace {

constexpr Duration look_interval = 250ms;

}  // namespace

Doors::Doors(io::Loop& loop, const WorkerMailboxes& workers, DoorsObserver& observer)
    : loop_(loop), workers_(workers), observer_(observer), look_(loop.timers(), *this) {}

void Doors::take(const model::DoorReport& report) {
  auto found = doors_.find(report.target);
  if (found == doors_.end()) {
    if (!report.shut) return;
    found = doors_.emplace(report.target, Doorkeeper(workers_.size())).first;
  }
  Doorkeeper& door = found->second;
  const model::DoorState before = door.state();
  if (door.take(report, loop_.now())) tell(report.target, door, before);
  if (door.state() == model::DoorState::open) doors_.erase(found);
  if (!doors_.empty() && !look_.is_set()) look_.set(loop_.now() + look_interval);
}

void Doors::on_timer(io::Timer&) {
  for (auto it = doors_.begin(); it != doors_.end();) {
    auto& [target, door] = *it;
    const model::DoorState before = door.state();
    if (door.look(loop_.now())) tell(target, door, before);
    it = door.state() == model::DoorState::open ? doors_.erase(it) : std::next(it);
  }
  if (!doors_.empty()) look_.set(loop_.now() + look_interval);
}

// Workers may keep it a while longer than we do.
void Doors::forget(const model::TargetKey& target) {
  if (doors_.erase(target) > 0) post({.target = target});
}

void Doors::forget_all() {
  doors_.clear();
  look_.clear();
}

void Doors::tell(const model::TargetKey& target, const Doorkeeper& door, model::DoorState before) {
  post({target, door.state(), door.knocker(), door.wanted()});
  const bool is_full = door.state() == model::DoorState::full;
  const bool was_full = before == model::DoorState::full;
  if (is_full != was_full) observer_.on_door_changed(target, is_full);
}

void Doors::post(const model::DoorLetter& letter) {
  for (io::Mailbox<model::WorkerLetter>* worker : workers_) worker->post(letter);
}

}  // namespace daruma::health
