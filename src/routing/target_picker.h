// SPDX-License-Identifier: Apache-2.0
//
// Which candidate gets the next request, by the algorithms of load_balancing.algorithm.type (AWS,
// "Target group attributes"). Cursors survive changes of the candidate list. Pure; one of each per
// group per worker, kept across snapshots. A candidate is an index into the group's targets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "base/random.h"
#include "model/balancing.h"
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

// The candidate with the fewest requests outstanding; of several the one whose turn is next, so
// that idle targets take turns. Of more candidates than it may look at, the best among those next
// in turn.
class LeastOutstanding {
 public:
  static constexpr uint32_t cannot = std::numeric_limits<uint32_t>::max();

  explicit LeastOutstanding(uint32_t start = 0) : cursor_(start) {}
  // outstanding(candidate): how many, or `cannot`. Nullopt if none can. REQUIRES:
  // !candidates.empty().
  template <class F>
  std::optional<uint32_t> pick(std::span<const uint32_t> candidates, size_t looks_max,
                               F outstanding) {
    const size_t looks = std::min(candidates.size(), looks_max);
    const size_t first = cursor_ % candidates.size();
    std::optional<size_t> best;
    uint32_t fewest = cannot;
    for (size_t i = 0; i < looks && fewest > 0; ++i) {
      const size_t place = (first + i) % candidates.size();
      const uint32_t its = outstanding(candidates[place]);
      if (its >= fewest) continue;
      fewest = its;
      best = place;
    }
    cursor_ = static_cast<uint32_t>(best.value_or(first) + 1);
    if (!best) return std::nullopt;
    return candidates[*best];
  }

 private:
  uint32_t cursor_;
};

using model::full_weight;

// A candidate by chance, in proportion to weight(candidate), which is at most full_weight.
// REQUIRES: !candidates.empty().
template <class W>
uint32_t pick_by_weight(std::span<const uint32_t> candidates, Random& random, W weight) {
  // Some candidate has its full weight as a rule, and then this ends soon; if not, the last will
  // do.
  constexpr int draws_max = 64;
  for (int draw = 1;; ++draw) {
    const uint32_t candidate = candidates[random.below(candidates.size())];
    const uint32_t its = weight(candidate);
    if (its >= full_weight || draw == draws_max || random.below(full_weight) < its)
      return candidate;
  }
}

// The same, of those that weigh something, by one look at each, from a place that chance chooses;
// of more candidates than it may look at, among so many from there. Nullopt if there is none.
template <class W>
std::optional<uint32_t> pick_by_weight_once(std::span<const uint32_t> candidates, size_t looks_max,
                                            Random& random, W weight) {
  const size_t looks = std::min(candidates.size(), looks_max);
  const size_t first = random.below(candidates.size());
  std::optional<uint32_t> picked;
  uint64_t total = 0;
  for (size_t i = 0; i < looks; ++i) {
    const uint32_t candidate = candidates[(first + i) % candidates.size()];
    const uint32_t its = weight(candidate);
    total += its;
    if (its > 0 && random.below(total) < its) picked = candidate;
  }
  return picked;
}

// One of the action's groups, with probability weight / weight_total. REQUIRES: action.weight_total
// > 0. Returns an index into Snapshot::target_groups.
uint32_t pick_group(const model::ForwardAction& action, Random& random);

// One of those for which can(group) is true, by their weights; nullopt if there is none, or they
// weigh nothing. can() is asked at most once for each.
template <class F>
std::optional<uint32_t> pick_group_where(const model::ForwardAction& action, Random& random,
                                         F can) {
  std::optional<uint32_t> picked;
  uint64_t total = 0;
  for (const model::WeightedGroup& candidate : action.groups) {
    if (candidate.weight == 0 || !can(candidate.group)) continue;
    total += candidate.weight;
    if (random.below(total) < candidate.weight) picked = candidate.group;
  }
  return picked;
}

}  // namespace daruma::routing
