// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_choice.h"

#include <algorithm>

#include "base/check.h"
#include "model/limits.h"

namespace daruma::proxy {
namespace {

using routing::LeastOutstanding;

// What the guard has to say of one target after another.
class Search {
 public:
  Search(AdoptedGroup& group, const TargetState* tried)
      : group_(group), tried_(group.set.candidates().size() > 1 ? tried : nullptr) {}

  TargetState& at(uint32_t candidate) const { return *group_.targets[candidate]; }

  // Whether it takes a request now. One that fails does where its trial is due: then it is it, as
  // nobody else may be asked for a while.
  bool takes(uint32_t candidate) {
    TargetState& target = at(candidate);
    if (trial_ != nullptr || &target == tried_) return false;
    const bool failing = target.failing();
    if (failing && !target.take_trial()) return false;
    const bool takes = failing ? target.begins_at_once() : target.takes_requests();
    if (!takes) full_ = &target;
    if (takes && failing) trial_ = &target;
    return takes;
  }

  // `first`: what the algorithm would choose if it knew of nothing but health.
  TargetChoice result(TargetState* chosen, TargetState& first) const {
    if (trial_ != nullptr) return {.target = trial_};
    // In the line, the places that come free at the full ones are open to it as well.
    const bool in_line = full_ != nullptr && sees_all();
    if (chosen != nullptr && in_line && !chosen->begins_at_once()) return {.full = chosen};
    if (chosen != nullptr) return {.target = chosen};
    // All fail: then one is as good as another, but none is asked more than it can take.
    if (full_ == nullptr && first.takes_requests()) return {.target = &first};
    return {.full = full_ ? full_ : &first};
  }

 private:
  // Of many one is always full, and that says nothing of the others.
  bool sees_all() const {
    return group_.set.candidates().size() <= model::limits::targets_looked_at_max;
  }

  AdoptedGroup& group_;
  const TargetState* const tried_;
  TargetState* full_ = nullptr;   // does not fail
  TargetState* trial_ = nullptr;  // has been given this request for its trial
};

TargetChoice least_outstanding(AdoptedGroup& group, const TargetState* tried) {
  const auto candidates = group.set.candidates();
  const size_t looks = model::limits::targets_looked_at_max;
  LeastOutstanding& order = group.state->least_outstanding;
  Search search(group, tried);
  const auto outstanding = [&search](uint32_t i) { return search.at(i).outstanding(); };
  if (!group.group->saturation_guard.enabled)
    return {.target = &search.at(*order.pick(candidates, looks, outstanding))};
  const auto chosen = order.pick(candidates, looks, [&](uint32_t i) {
    return search.takes(i) ? outstanding(i) : LeastOutstanding::cannot;
  });
  if (chosen) return search.result(&search.at(*chosen), search.at(*chosen));
  const auto first = order.pick(candidates, looks, outstanding);
  return search.result(nullptr, search.at(*first));
}

TargetChoice weighted_random(AdoptedGroup& group, const TargetState* tried, Random& random) {
  const auto candidates = group.set.candidates();
  Search search(group, tried);
  const auto weight = [&search](uint32_t i) { return search.at(i).weight(); };
  const uint32_t first = routing::pick_by_weight(candidates, random, weight);
  if (!group.group->saturation_guard.enabled || search.takes(first))
    return {.target = &search.at(first)};
  const auto other = routing::pick_by_weight_once(
      candidates, model::limits::targets_looked_at_max, random,
      [&](uint32_t i) { return i != first && search.takes(i) ? weight(i) : uint32_t{0}; });
  return search.result(other ? &search.at(*other) : nullptr, search.at(first));
}

// In turn, but those in slow start leave out some of their turns, as long as anybody else takes the
// request.
TargetChoice in_turn(AdoptedGroup& group, const TargetState* tried) {
  const auto candidates = group.set.candidates();
  const bool guarded = group.group->saturation_guard.enabled;
  const size_t looks = std::min(candidates.size(), model::limits::targets_looked_at_max);
  Search search(group, tried);
  TargetState* first = nullptr;
  for (size_t look = 0; look < 2 * looks; ++look) {
    const uint32_t candidate = group.state->round_robin.pick(candidates);
    TargetState& target = search.at(candidate);
    if (first == nullptr) first = &target;
    if (look < looks && !target.takes_turn()) continue;
    if (!guarded || search.takes(candidate)) return {.target = &target};
  }
  return search.result(nullptr, *first);
}

}  // namespace

TargetChoice choose_target(AdoptedGroup& group, const TargetState* tried, Random& random) {
  DARUMA_ASSERT(!group.set.candidates().empty());
  switch (group.group->balancing.algorithm) {
    case model::Algorithm::round_robin:
      return in_turn(group, tried);
    case model::Algorithm::least_outstanding_requests:
      return least_outstanding(group, tried);
    case model::Algorithm::weighted_random:
      return weighted_random(group, tried, random);
  }
  return {};
}

}  // namespace daruma::proxy
