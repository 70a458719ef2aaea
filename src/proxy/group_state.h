// SPDX-License-Identifier: Apache-2.0
//
// What one worker keeps of one target group, filed by name across snapshots.
#pragma once

#include <cstdint>
#include <memory>

#include "proxy/retry_budget.h"
#include "proxy/waiting_line.h"
#include "routing/target_picker.h"
#include "telemetry/counters.h"

namespace daruma::proxy {

struct GroupState {
  routing::RoundRobin round_robin;
  routing::LeastOutstanding least_outstanding;
  std::shared_ptr<telemetry::TargetGroupCounters> counters;
  WaitingLine line;  // requests that no target can take now
  RetryBudget retries;
  Instant out_of_resources_at{};  // no connection could be opened for lack of this node's resources
  size_t slow_starting = 0;       // targets whose share is growing
  size_t targets = 0;             // that the newest snapshot names
  bool began_empty = true;        // the one before it named none
  uint64_t named_in = 0;          // revision of the newest snapshot that names the group
  // Of the one that says which of its targets are candidates: the newest that serves, or has all of
  // the group's targets already.
  uint64_t candidates_by = 0;
};

}  // namespace daruma::proxy
