// SPDX-License-Identifier: Apache-2.0
#include "health/doors.h"

#include <utility>

namespace daruma::health {
namespace {

constexpr Duration look_interval = 250ms;

}  // namespace

Doors::Doors(io::Loop& loop, const WorkerMailboxes& workers, DoorsObserver& observer)
    : loop_(loop), workers_(workers), observer_(observer), look_(loop.timers(), *this) {}

void Doors::take(const model::DoorReport& report) {
  auto found = doors_.find(report.target);
  if (found == doors_.end()) {
    if (!report.saturated) return;
    found = doors_.emplace(report.target, Doorkeeper(workers_.size())).first;
  }
  Doorkeeper& door = found->second;
  const bool saturated_before = door.saturated();
  if (door.take(report, loop_.now())) tell(report.target, door);
  if (!look_.is_set()) look_.set(loop_.now() + look_interval);
  if (door.saturated() == saturated_before) return;
  if (!door.saturated()) doors_.erase(found);
  observer_.on_door_changed(report.target, !saturated_before);
}

void Doors::on_timer(io::Timer&) {
  std::vector<model::TargetKey> calm;
  for (auto& [target, door] : doors_) {
    if (door.look(loop_.now())) tell(target, door);
    if (!door.saturated()) calm.push_back(target);
  }
  for (const model::TargetKey& target : calm) {
    doors_.erase(target);
    observer_.on_door_changed(target, false);
  }
  if (!doors_.empty()) look_.set(loop_.now() + look_interval);
}

// Workers may keep it a while longer than we do.
void Doors::forget(const model::TargetKey& target) {
  if (doors_.erase(target) > 0) tell(target, Doorkeeper(0));
}

void Doors::forget_all() {
  doors_.clear();
  look_.clear();
}

void Doors::tell(const model::TargetKey& target, const Doorkeeper& door) {
  const model::DoorLetter letter{target, door.saturated(), door.knocker()};
  for (io::Mailbox<model::WorkerLetter>* worker : workers_) worker->post(letter);
}

}  // namespace daruma::health
