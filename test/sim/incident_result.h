// SPDX-License-Identifier: Apache-2.0
//
// What a run of the incident came to, second by second and in all; what must hold of it; and how it
// is printed. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/reason.h"
#include "sim/incident_scenario.h"

namespace daruma::sim::incident {

using Reasons = std::array<uint64_t, model::reason_count>;

struct Second {
  // By when requests were sent or ended.
  uint32_t offered = 0;
  uint32_t ok = 0;
  uint32_t errors = 0;     // 4xx and 5xx
  uint32_t timed_out = 0;  // given up by the client
  uint32_t broken = 0;
  uint32_t bound = 0;  // answers that there would have been at most
  Reasons reasons{};   // why Daruma answered by itself
  // At its end.
  uint32_t healthy = 0;
  uint32_t alive = 0;        // targets that serve
  uint32_t idle = 0;         // of those, that had nothing to do
  uint32_t door_most = 0;    // the longest accept queue
  uint32_t connections = 0;  // the most accepted connections of one target
};

struct TargetRecord {
  int flips = 0;   // between healthy and unhealthy, as told
  int causes = 0;  // its own stops and starts
};

struct Result {
  Scenario scenario;
  std::vector<Second> seconds;  // since the load began
  std::vector<TargetRecord> targets;
  uint64_t attempts = 0;
  uint64_t ok = 0;
  uint64_t bound = 0;
  uint64_t retries = 0;         // as Daruma counts them
  uint64_t repeats = 0;         // requests that applications saw more than once
  uint64_t repeated_posts = 0;  // of those, not idempotent
  Duration median{};            // of successes
  Duration slow{};              // 99th percentile of successes
  uint64_t trace_hash = 0;
  uint64_t events = 0;

  double share() const {
    return bound ? static_cast<double>(ok) / static_cast<double>(bound) : 1.0;
  }
  int flips() const;
  // Seconds without a success in which the targets could have made at least five.
  int blackouts() const;
  // Requests that Daruma answered because every target was full.
  uint64_t turned_away() const;
  // Seconds in which requests failed and, at the end, a living target had nothing to do.
  int idle_while_failing() const;
  // From the end of the surge to the last request that failed.
  Duration recovery() const;
};

// Of the bound, in percent.
inline constexpr int served_least = 98;
// Each sentence that is broken; empty if all hold.
std::vector<std::string> broken_invariants(const Result& result, int least = served_least);

std::string one_line(const Result& result);
std::string table(const Result& result);

}  // namespace daruma::sim::incident
