// SPDX-License-Identifier: Apache-2.0
//
// The last probes of one target, written by the health thread into each worker's block and read by
// that worker when it tells what became of a request. A few words, each complete by itself: no
// locks, and who reads while one is written sees the one or the other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "model/probe_outcome.h"

namespace daruma::telemetry {

class ProbeMemory {
 public:
  static constexpr size_t kept = 4;

  // A probe has ended now. REQUIRES: one thread at a time.
  void note(model::ProbeOutcome outcome, Instant now);
  // As of `now`, the newest first. Any thread.
  std::vector<model::ProbeNote> recall(Instant now) const;

 private:
  // Microseconds of the monotonic clock, and behind them in 8 bits the outcome and 1; 0: none.
  std::array<std::atomic<uint64_t>, kept> entries_{};
  uint32_t next_ = 0;
};

}  // namespace daruma::telemetry
