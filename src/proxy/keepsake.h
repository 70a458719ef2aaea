// SPDX-License-Identifier: Apache-2.0
//
// What an upgraded exchange goes on with, which may be open for days: were it to keep its snapshot,
// each change of the configuration would leave one more in memory.
#pragma once

#include <cstdint>
#include <memory>

#include "model/snapshot.h"
#include "proxy/adopted_snapshot.h"
#include "proxy/graveyard.h"

namespace daruma::proxy {

// Mortal, as its target may be what ends the exchange.
struct Keepsake final : Mortal {
  explicit Keepsake(const std::shared_ptr<GroupState>& state)
      : adopted{&group, state, routing::TargetSet(1), {}} {}

  uint64_t revision = 0;
  model::LoadBalancer load_balancer;  // names, time-outs, whether there is a log
  model::TargetGroup group;           // names
  AdoptedGroup adopted;               // its one target is the exchange's
};

}  // namespace daruma::proxy
