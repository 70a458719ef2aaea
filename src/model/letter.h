// SPDX-License-Identifier: Apache-2.0
//
// What threads tell one another. Values only: never closures, never pointers into another thread.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/time.h"
#include "model/snapshot.h"
#include "model/target.h"

namespace daruma::model {

// control → worker, health: read this from now on. A newer one may arrive before an older one was
// adopted; the newest wins.
struct SnapshotLetter {
  SnapshotRef snapshot;
};

// health → worker, control: only when something changed. May arrive before the snapshot that names
// the target.
struct HealthLetter {
  TargetKey target;
  TargetHealth health;
};

// control → worker, health: stop taking work, finish what there is, report StoppedLetter.
struct DrainLetter {
  Duration deadline{};  // from now; after it connections are closed
};

// worker → control: revision N serves now. `problem` is empty, or says what could not be done (a
// port in use), naming the listener; everything else of the snapshot serves.
struct AdoptedLetter {
  uint32_t worker = 0;
  uint64_t revision = 0;
  std::string problem;
};

// worker → control: the last exchange on this snapshot ended; it is freed where it was made.
struct RetiredLetter {
  SnapshotRef snapshot;
};

// worker, health → control: nothing is left; the thread may be joined.
struct StoppedLetter {
  uint32_t worker = 0;
};

using WorkerLetter = std::variant<SnapshotLetter, HealthLetter, DrainLetter>;
using HealthThreadLetter = std::variant<SnapshotLetter, DrainLetter>;
using ControlLetter = std::variant<AdoptedLetter, RetiredLetter, StoppedLetter, HealthLetter>;

}  // namespace daruma::model
