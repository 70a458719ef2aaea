// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong in the simulated network, and the log of what did: the auditor accepts an error
// only where this log (or a client's or target's script) explains it. Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"

namespace daruma::sim {

// Rates are out of 10,000 of the operation that they name; 0 switches a fault off.
struct NetworkFaults {
  Duration latency_least = 50us;  // one way, per connection; each segment adds up to as much again
  Duration latency_most = 300us;
  Duration turn_delay_most = 20us;   // from readiness to the loop's turn
  Duration wake_delay_most = 100us;  // from a letter's post to the mailbox's on_wake
  size_t socket_bytes = 64 * 1024;   // per direction: what is sent and not yet read

  uint32_t short_reads = 0;   // of reads that could have returned more
  uint32_t short_writes = 0;  // of writes that could have moved more
  uint32_t fragments = 0;     // of writes: arrive in several segments
  uint32_t stalls = 0;        // of writes: this direction stands still for up to stall_most
  Duration stall_most = 0s;
  uint32_t resets = 0;                // of writes: the network resets the connection
  uint32_t resets_met_by_writes = 0;  // of writes: it has, and no event told of it yet
  uint32_t refused = 0;               // of connects
  uint32_t reset_on_connect = 0;      // of connects
  uint32_t unreachable = 0;           // of connects
  uint32_t black_holed = 0;           // of connects: nothing is ever heard again
  uint32_t out_of_descriptors = 0;    // of connects
  uint32_t slow_connects = 0;         // of connects: the first SYN is lost, 1 s or 3 s more
  uint32_t loop_stalls = 0;           // of turns: the thread was not scheduled for loop_stall_most
  Duration loop_stall_most = 0s;
  uint32_t late_wakes = 0;  // of wake-ups: a letter is read up to late_wake_most later
  Duration late_wake_most = 0s;
  bool reset_discards_unread = false;  // a reset takes with it what had arrived and was not read
};

// A calm network: latency and bounded buffers, nothing else.
NetworkFaults calm_network();
// A random subset of the faults above, each with a random rate.
NetworkFaults draw_network_faults(Random& random);

enum class FaultKind : uint8_t {
  refused,
  reset_on_connect,
  unreachable,
  black_holed,
  out_of_descriptors,
  slow_connect,
  nobody_listens,
  reset,
  accept_queue_reset,
  stall,
  loop_stall,
  late_wake,
};
std::string_view name_of(FaultKind kind);

struct FaultRecord {
  FaultKind kind;
  Instant at;
  Instant until;            // where it lasts (stalls, slow connects)
  uint32_t connection = 0;  // 0: none
  uint32_t loop = 0;        // who connected; for loop_stall and late_wake: whose
  Address to;               // where to
};

}  // namespace daruma::sim
