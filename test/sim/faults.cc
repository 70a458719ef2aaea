// SPDX-License-Identifier: Apache-2.0
#include "sim/faults.h"

namespace daruma::sim {
namespace {

// Zero with probability `off` out of 4, else up to `most`.
uint32_t rate(Random& random, uint32_t off, uint32_t most) {
  if (random.below(4) < off) return 0;
  return 1 + static_cast<uint32_t>(random.below(most));
}

Duration up_to(Random& random, Duration most) {
  return Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()) + 1)));
}

}  // namespace

NetworkFaults calm_network() {
  return {};
}

NetworkFaults draw_network_faults(Random& random) {
  static constexpr size_t socket_sizes[] = {1024, 4096, 16 * 1024, 64 * 1024, 256 * 1024};
  NetworkFaults f;
  f.latency_most = f.latency_least + up_to(random, random.chance(1, 4) ? Duration(50ms) : 2ms);
  f.turn_delay_most = up_to(random, 200us);
  f.socket_bytes = socket_sizes[random.below(std::size(socket_sizes))];
  f.short_reads = rate(random, 2, 5000);
  f.short_writes = rate(random, 2, 5000);
  f.fragments = rate(random, 2, 5000);
  f.stalls = rate(random, 3, 60);
  f.stall_most = up_to(random, 4s);
  f.resets = rate(random, 3, 60);
  f.refused = rate(random, 3, 500);
  f.reset_on_connect = rate(random, 3, 500);
  f.unreachable = rate(random, 3, 300);
  f.black_holed = rate(random, 3, 300);
  f.out_of_descriptors = rate(random, 3, 200);
  f.slow_connects = rate(random, 3, 500);
  f.loop_stalls = rate(random, 3, 20);
  f.loop_stall_most = up_to(random, 1500ms);
  f.late_wakes = rate(random, 2, 5000);
  f.late_wake_most = up_to(random, 3s);
  f.reset_discards_unread = random.chance(1, 2);
  return f;
}

std::string_view name_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::refused:
      return "refused";
    case FaultKind::reset_on_connect:
      return "reset_on_connect";
    case FaultKind::unreachable:
      return "unreachable";
    case FaultKind::black_holed:
      return "black_holed";
    case FaultKind::out_of_descriptors:
      return "out_of_descriptors";
    case FaultKind::slow_connect:
      return "slow_connect";
    case FaultKind::nobody_listens:
      return "nobody_listens";
    case FaultKind::reset:
      return "reset";
    case FaultKind::accept_queue_reset:
      return "accept_queue_reset";
    case FaultKind::stall:
      return "stall";
    case FaultKind::loop_stall:
      return "loop_stall";
    case FaultKind::late_wake:
      return "late_wake";
  }
  return "";
}

}  // namespace daruma::sim
