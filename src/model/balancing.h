// SPDX-License-Identifier: Apache-2.0
//
// How a target group's requests are shared out: the values of AWS's load_balancing.*, slow_start.*
// and target_group_health.* attributes. Values.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace daruma::model {

// load_balancing.algorithm.type
enum class Algorithm : uint8_t { round_robin, least_outstanding_requests, weighted_random };
std::string_view name_of(Algorithm algorithm);  // "round_robin"

// What a target weighs under weighted_random where nothing is wrong with it.
inline constexpr uint32_t full_weight = 1000;

struct Balancing {
  Algorithm algorithm = Algorithm::round_robin;
  Duration slow_start{};            // 0: none. With round robin only
  bool anomaly_mitigation = false;  // with weighted random only
  bool operator==(const Balancing&) const = default;
};

}  // namespace daruma::model
