// SPDX-License-Identifier: Apache-2.0
#include "routing/target_picker.h"

#include "base/check.h"

namespace daruma::routing {

uint32_t pick_group(const model::ForwardAction& action, Random& random) {
  DARUMA_ASSERT(action.weight_total > 0);
  uint64_t left = random.below(action.weight_total);
  for (const model::WeightedGroup& candidate : action.groups) {
    if (left < candidate.weight) return candidate.group;
    left -= candidate.weight;
  }
  // weight_total is the sum of the weights: compile made both.
  assertion_failed("weight_total == sum of weights", __FILE__, __LINE__);
}

}  // namespace daruma::routing
