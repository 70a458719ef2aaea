// SPDX-License-Identifier: Apache-2.0
//
// How a target group's requests are shared out: the values of AWS's load_balancing.*, slow_start.*
// and target_group_health.* attributes. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace daruma::model {

// load_balancing.algorithm.type
enum class Algorithm : uint8_t { round_robin, least_outstanding_requests, weighted_random };
std::string_view name_of(Algorithm algorithm);  // "round_robin"

// What a target weighs under weighted_random where nothing is wrong with it.
inline constexpr uint32_t full_weight = 1000;

// The least of a group's targets that are to be healthy (target_group_health.*). 0: off.
struct MinimumHealthy {
  uint32_t count = 0;
  uint32_t percentage = 0;
  bool met_by(uint64_t healthy, uint64_t targets) const {
    return healthy >= count && healthy * 100 >= percentage * targets;
  }
  bool operator==(const MinimumHealthy&) const = default;
};

struct Balancing {
  Algorithm algorithm = Algorithm::round_robin;
  Duration slow_start{};               // 0: none. With round robin only
  bool anomaly_mitigation = false;     // with weighted random only
  MinimumHealthy routing{.count = 1};  // else all targets are asked: fail-open
  MinimumHealthy dns{.count = 1};      // else the zone should leave DNS
  bool cross_zone = true;              // targets of all zones, not only of the node's
  std::string shifted_zone;            // traffic was shifted away from it; "" if from none
  bool operator==(const Balancing&) const = default;
};

}  // namespace daruma::model
