// SPDX-License-Identifier: Apache-2.0
//
// The targets that some worker finds slow: takes the workers' reports, and tells each worker its
// part of the node's limit when that changes (LoadLetter). Holds nothing for a target that is as
// quick as ever. Health thread only.
#pragma once

#include <map>
#include <vector>

#include "health/node_load.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "model/letter.h"

namespace daruma::health {

class Loads final : private io::TimerHandler {
 public:
  using WorkerMailboxes = std::vector<io::Mailbox<model::WorkerLetter>*>;

  Loads(io::Loop& loop, const WorkerMailboxes& workers);

  // REQUIRES: the target is registered and guarded. A report about one that is not (any more, or
  // yet) is best dropped: what matters is said again.
  void take(const model::LoadReport& report);
  // The target is no longer registered.
  void forget(const model::TargetKey& target);
  void forget_all();

 private:
  struct Entry {
    NodeLoad load;
    std::vector<model::LoadLetter> told;  // by worker
  };

  void on_timer(io::Timer& timer) override;
  void tell(Entry& entry);
  void say_farewell(const Entry& entry);

  io::Loop& loop_;
  const WorkerMailboxes& workers_;
  std::map<model::TargetKey, Entry> loads_;
  io::Timer look_;
};

}  // namespace daruma::health
