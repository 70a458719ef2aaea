// SPDX-License-Identifier: Apache-2.0
//
// How things stand, as a word for colours and a sentence for people: "2 of 2 busy, none dead; 3
// wait". Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/reason.h"

namespace daruma::console {

enum class Standing : uint8_t { unused, ok, warning, critical };
std::string_view name_of(Standing standing);

struct GroupStanding {
  bool in_use = false;
  uint64_t targets = 0;  // registered; a draining one is none of them
  uint64_t healthy = 0;  // or not checked (HealthCheckEnabled: false)
  uint64_t unhealthy = 0;
  uint64_t saturated = 0;
  uint64_t anomalous = 0;
  uint64_t waiting = 0;      // requests
  double turned_away = 0;    // by second
  double fail_open = 0;      // the same
  double target_errors = 0;  // 5xx of targets, by second
  double failures = 0;       // no answer, no connection: attempts, by second
  double retries = 0;        // after those, by second
  double requests = 0;       // by second
  bool advised = false;      // something should be changed at a target
};

struct Verdict {
  Standing standing = Standing::ok;
  std::string sentence;
};

// A share of its requests that targets failed counts as a load balancer's does.
Verdict judge(const GroupStanding& group);

struct BalancerGroup {
  std::string_view name;
  const Verdict* verdict;  // of the group
};
// By its groups, and by the share of its requests that it failed by itself (by second and reason):
// from 5 % on it is a warning, from 50 % on critical. What clients did wrong is left out: a scanner
// at the door is no trouble of the node's.
Verdict judge(std::span<const BalancerGroup> groups,
              const std::array<double, model::reason_count>& reasons, double requests);

}  // namespace daruma::console
