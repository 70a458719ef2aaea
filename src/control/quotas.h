// SPDX-License-Identifier: Apache-2.0
//
// How much of everything a load balancer may have: an ALB's quotas ("Quotas for your Application
// Load Balancers"), or what its daruma.quota.* attributes say. Pure.
#pragma once

#include <cstdint>

#include "model/resources.h"

namespace daruma::control {

struct Quotas {
  int64_t rules = 0;
  int64_t condition_values = 0;
  int64_t condition_wildcards = 0;
  int64_t action_target_groups = 0;
  int64_t listeners = 0;
  int64_t certificates = 0;
  int64_t target_groups = 0;

  // Of attributes that may be wrong; a wrong one counts as absent.
  static Quotas of(const model::api::LoadBalancer& balancer);
};

int64_t targets_quota(const model::api::TargetGroup& group);

}  // namespace daruma::control
