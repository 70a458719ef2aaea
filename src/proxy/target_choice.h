// SPDX-License-Identifier: Apache-2.0
//
// Stop 6: which of a group's targets gets a request, by the algorithms of routing/target_picker
// over the targets of one worker, and slow start. Under guard, targets that are full or fail are
// passed over. Worker's thread.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "proxy/adopted_snapshot.h"

namespace daruma::proxy {

struct TargetChoice {
  TargetState* target = nullptr;
  // Where there is none: the targets that do not fail are full, such as this one.
  TargetState* full = nullptr;
};

// What is known of a request that is to go somewhere.
struct Choosing {
  const TargetState* tried = nullptr;  // where it has failed already
  // Under weighted random, what a target must weigh to get it where the first choice is too full:
  // drawn once, so that those which do worse than the others (docs/anomalies.md) get no more of the
  // overflow than their share, however soon they are done with it. 0: not drawn yet.
  uint32_t least_weight = 0;
};
inline constexpr uint32_t any_weight = 1;

// REQUIRES: the group has candidates.
TargetChoice choose_target(AdoptedGroup& group, Choosing& request, Random& random);

// Some target could take it at once, but weighs too little.
bool passes_over(const AdoptedGroup& group, const Choosing& request);

// Whether a look at the group sees all of its candidates.
bool sees_all(const AdoptedGroup& group);

// The next in turn that has a connection for the request now; nullptr: none of those looked at.
TargetState* idle_target(AdoptedGroup& group, const Choosing& request);

// Some target is healthy and, under guard, would have a connection for a request now.
bool has_capacity(const AdoptedGroup& group, Random& random);

}  // namespace daruma::proxy
