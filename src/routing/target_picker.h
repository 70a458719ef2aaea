// SPDX-License-Identifier: Apache-2.0
//
// Which candidate gets the next request. Round robin: each in turn, over a cursor that survives
// changes of the candidate list. Pure; one picker per group per worker, kept across snapshots.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/random.h"
#include "model/rule.h"

namespace daruma::routing {

class RoundRobin {
 public:
  // Workers begin at different places so that their first requests do not all meet the first
  // target.
  explicit RoundRobin(uint32_t start = 0) : cursor_(start) {}
  // REQUIRES: !candidates.empty(). Returns an element of candidates.
  uint32_t pick(std::span<const uint32_t> candidates) {
    return candidates[cursor_++ % candidates.size()];
  }

 private:
  uint32_t cursor_;
};

// One of the action's groups, with probability weight / weight_total. REQUIRES: action.weight_total
// > 0. Returns an index into Snapshot::target_groups.
uint32_t pick_group(const model::ForwardAction& action, Random& random);

// One of those for which can(group) is true, by their weights; nullopt if there is none, or they
// weigh nothing.
template <class F>
std::optional<uint32_t> pick_group_where(const model::ForwardAction& action, Random& random,
                                         F can) {
  model::ForwardAction some;
  for (const model::WeightedGroup& candidate : action.groups) {
    if (!can(candidate.group)) continue;
    some.groups.push_back(candidate);
    some.weight_total += candidate.weight;
  }
  if (some.weight_total == 0) return std::nullopt;
  return pick_group(some, random);
}

}  // namespace daruma::routing
