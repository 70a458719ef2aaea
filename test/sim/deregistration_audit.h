// SPDX-License-Identifier: Apache-2.0
//
// Whether targets that are deregistered are let go: once no snapshot that a worker goes by has
// named an address for as long as the deregistration delay, the worker has no connection to it.
#pragma once

#include <cstdint>
#include <map>

#include "base/address.h"
#include "model/snapshot.h"
#include "sim/auditor.h"
#include "sim/sim_network.h"

namespace daruma::sim {

class DeregistrationAudit {
 public:
  DeregistrationAudit(SimNetwork& network, Auditor& auditor)
      : network_(network), auditor_(auditor) {}

  // A worker's mailbox was given a snapshot; was read; the worker's turn is over.
  void on_snapshot_posted(uint32_t loop, const model::SnapshotRef& snapshot) {
    workers_[loop].posted = snapshot;
  }
  void on_mailbox_read(uint32_t loop);
  void after_turn(uint32_t loop);
  // From now on nothing is adopted, and draining has a deadline of its own.
  void on_draining() { workers_.clear(); }

 private:
  struct Worker {
    model::SnapshotRef posted;
    model::SnapshotRef adopted;
    std::map<Address, Instant> due;  // by when all connections are to be closed
  };
  SimNetwork& network_;
  Auditor& auditor_;
  std::map<uint32_t, Worker> workers_;  // by loop
};

}  // namespace daruma::sim
