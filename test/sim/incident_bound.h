// SPDX-License-Identifier: Apache-2.0
//
// What the targets could have served at most: the same requests at the same times, given by one
// that knows everything to the worker that is free first, with one queue per group in which a
// request waits as long as Daruma would let it. Which group a request goes to is chance, by the
// rule's weights, and the same chance for both. Handshakes cost what MaxKeepAliveRequests forces.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/incident_scenario.h"

namespace daruma::sim::incident {

struct Arrival {
  Duration at{};  // since the load began
  uint64_t attempt = 0;
  // Which of the scenario's groups the load balancer drew for it; where that is not known, they
  // take turns by weight.
  std::optional<size_t> group{};
};

struct Bound {
  uint64_t served = 0;
  std::vector<uint32_t> per_second;  // answers, by the second in which they would be complete
};

// REQUIRES: in order of time.
Bound bound_of(const Scenario& scenario, const std::vector<Arrival>& arrivals);

}  // namespace daruma::sim::incident
