// SPDX-License-Identifier: Apache-2.0
//
// Health checks of one node: probes every registered target that is in use, on one thread, and
// tells workers and control what changed. Everything but mailbox().post() belongs to that thread.
//
// What it promises to those who get its letters:
// - A snapshot is adopted when its letter is read. Targets are told apart by TargetKey alone:
//   history, the rhythm of probes and TLS sessions survive any change of the group's settings; a
//   target that an adopted snapshot does not name is forgotten at once (its draining is the
//   workers' business: no letter); one that is named again later begins anew.
// - For each target that is new to it, it posts one letter at adoption, changed or not: so a worker
//   that still keeps a target's former health learns that it begins anew. After that it posts when
//   TargetHealth changes, and only then; and of every target once more when snapshots were replaced
//   before it had read them, because a worker may have read and forgotten what they did not name.
// - Whoever keeps the last letter of each key, drops it no earlier than when it adopts a snapshot
//   without that target, and starts with `initial`, is right in the end: letters of one thread
//   arrive in the order in which they were posted, and control posts snapshot N to all threads
//   before N + 1 to any. So a letter about a target of N + 1 may come before that snapshot, but
//   never before N.
// - Workers never hear `unused`, but `initial` in its stead: what they may send to is decided by
//   their snapshot, which may put the group to use before the letter that says so arrives. Control
//   hears `unused`.
// - Workers that find a target's door saturated report it; all workers get one DoorLetter when the
//   door of the whole node changes, and one when a target whose door is saturated is forgotten.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/log.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "model/letter.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"

namespace daruma::health {

// What the prober talks to; all of it outlives the prober.
struct ProberContext {
  io::Loop& loop;
  io::Mailbox<model::ControlLetter>& control;
  std::vector<io::Mailbox<model::WorkerLetter>*> workers;
  telemetry::Registry& registry;
  telemetry::LogRing& log_ring;  // the prober's own; for health-check log lines
  const Log& log;
};

class Prober {
 public:
  // StoppedLetter::worker of the prober, which is none.
  static constexpr uint32_t stopped_letter_id = UINT32_MAX;

  explicit Prober(const ProberContext& context);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // DrainLetter stops all probes at once, gives the snapshot back and posts StoppedLetter; later
  // letters are given back unread.
  io::Mailbox<model::HealthThreadLetter>& mailbox();

  struct Census {
    size_t targets = 0;
    size_t probes_under_way = 0;
    size_t slabs = 0;
    uint64_t log_lines_dropped = 0;  // the ring was full
  };
  Census census() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace daruma::health
