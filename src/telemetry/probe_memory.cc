// SPDX-License-Identifier: Apache-2.0
#include "telemetry/probe_memory.h"

#include <algorithm>
#include <functional>

namespace daruma::telemetry {
namespace {

constexpr int outcome_bits = 8;
constexpr uint64_t outcome_mask = (1 << outcome_bits) - 1;
static_assert(model::probe_outcome_count < outcome_mask);

uint64_t microseconds(Instant at) {
  return static_cast<uint64_t>(at.time_since_epoch() / std::chrono::microseconds(1));
}

}  // namespace

void ProbeMemory::note(model::ProbeOutcome outcome, Instant now) {
  const uint64_t entry = microseconds(now) << outcome_bits | (static_cast<uint64_t>(outcome) + 1);
  entries_[next_++ % kept].store(entry, std::memory_order_relaxed);
}

std::vector<model::ProbeNote> ProbeMemory::recall(Instant now) const {
  std::array<uint64_t, kept> entries;
  std::ranges::transform(entries_, entries.begin(),
                         [](const auto& entry) { return entry.load(std::memory_order_relaxed); });
  std::ranges::sort(entries, std::greater());
  std::vector<model::ProbeNote> notes;
  for (const uint64_t entry : entries) {
    if (entry == 0) break;
    const uint64_t at = std::min(entry >> outcome_bits, microseconds(now));
    notes.push_back({.outcome = static_cast<model::ProbeOutcome>((entry & outcome_mask) - 1),
                     .ago = std::chrono::microseconds(microseconds(now) - at)});
  }
  return notes;
}

}  // namespace daruma::telemetry
