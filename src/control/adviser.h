// SPDX-License-Identifier: Apache-2.0
//
// Puts together what workers have counted of each target, for advice. Looks at the counters now and
// then, because how much was turned away at the worst time shows only while it lasts. Control
// thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/advice.h"
#include "control/server_status.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "model/snapshot.h"
#include "telemetry/registry.h"

namespace daruma::control {

class Adviser final : private io::TimerHandler {
 public:
  static constexpr Duration stretch = 5s;
  static constexpr Duration remembered = 1h;

  // Both outlive it. Looks for the first time now.
  Adviser(io::Loop& loop, const telemetry::Registry& registry);
  Adviser(const Adviser&) = delete;
  Adviser& operator=(const Adviser&) = delete;

  // `status_of`: what a target's server tells of itself.
  std::vector<Advice> advice(const model::Snapshot& snapshot,
                             const ServerStatusOf& status_of) const;

 private:
  // What was asked of a group, and turned away.
  struct Demand {
    uint64_t offered = 0;
    uint64_t turned_away = 0;
  };
  struct Group {
    Demand seen;   // when it was looked at last
    Demand worst;  // in one stretch
    Instant worst_at{};
  };
  void on_timer(io::Timer& timer) override;
  void look();
  std::map<std::string, Demand> demand_now() const;

  io::Loop& loop_;
  const telemetry::Registry& registry_;
  std::map<std::string, Group> groups_;
  io::Timer timer_;
};

}  // namespace daruma::control
