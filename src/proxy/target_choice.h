// SPDX-License-Identifier: Apache-2.0
//
// Stop 6 where a group's requests are not simply dealt out in turn: the algorithms of
// routing/target_picker over the targets of one worker, and slow start. Under guard, targets that
// are full or fail are passed over, as in round robin. Worker's thread.
#pragma once

#include "base/random.h"
#include "proxy/adopted_snapshot.h"

namespace daruma::proxy {

struct TargetChoice {
  TargetState* target = nullptr;
  // Where there is none: the targets that do not fail are full, such as this one.
  TargetState* full = nullptr;
};

// Whether round robin by itself decides for this group; then choose_target() is not asked.
inline bool deals_in_turn(const AdoptedGroup& group) {
  return group.group->balancing.algorithm == model::Algorithm::round_robin &&
         group.state->slow_starting == 0;
}

// For a request that `tried` has failed, or nobody (nullptr). REQUIRES: the group has candidates.
TargetChoice choose_target(AdoptedGroup& group, const TargetState* tried, Random& random);

}  // namespace daruma::proxy
