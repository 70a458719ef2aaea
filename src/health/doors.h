// SPDX-License-Identifier: Apache-2.0
//
// The doors of all targets that workers have found shut: takes their reports, and tells all workers
// what is new (DoorLetter). Holds nothing for a target whose door is open. Health thread only.
#pragma once

#include <map>
#include <vector>

#include "health/doorkeeper.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "model/letter.h"

namespace daruma::health {

class DoorsObserver {
 public:
  // The target has become full, or is so no longer. Not for a target that is forgotten.
  virtual void on_door_changed(const model::TargetKey& target, bool saturated) = 0;

 protected:
  ~DoorsObserver() = default;
};

class Doors final : private io::TimerHandler {
 public:
  using WorkerMailboxes = std::vector<io::Mailbox<model::WorkerLetter>*>;

  Doors(io::Loop& loop, const WorkerMailboxes& workers, DoorsObserver& observer);

  // REQUIRES: the target is registered. A report about one that is not (any more, or yet) is best
  // dropped: what matters is said again.
  void take(const model::DoorReport& report);
  // The target is no longer registered.
  void forget(const model::TargetKey& target);
  void forget_all();

 private:
  void on_timer(io::Timer& timer) override;
  void tell(const model::TargetKey& target, const Doorkeeper& door, model::DoorState before);
  void post(const model::DoorLetter& letter);

  io::Loop& loop_;
  const WorkerMailboxes& workers_;
  DoorsObserver& observer_;
  std::map<model::TargetKey, Doorkeeper> doors_;
  io::Timer look_;
};

}  // namespace daruma::health
