// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_choice.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "model/limits.h"

namespace daruma::proxy {
namespace {

using routing::LeastOutstanding;

size_t looks_at(std::span<const uint32_t> candidates) {
  return std::min(candidates.size(), model::limits::targets_looked_at_max);
}

// How the targets stand that an algorithm asks one after another.
class Search {
 public:
  Search(AdoptedGroup& group, const Choosing& request)
      : group_(group),
        tried_(group.set.candidates().size() > 1 ? request.tried : nullptr),
        // Of many one is always full, and that says nothing of the others.
        sees_all_(sees_all(group)) {}

  TargetState& at(uint32_t candidate) const { return *group_.targets[candidate]; }

  // Whether it takes a request, though it may open no connection for this one yet. One that fails
  // does where its trial is due: then it is it, as nobody else may be asked for a while.
  bool takes(uint32_t candidate) {
    TargetState& target = at(candidate);
    if (trial_ != nullptr || &target == tried_) return false;
    const bool failing = target.failing();
    if (failing && !target.take_trial()) return false;
    const bool takes = failing ? target.begins_at_once() : target.takes_requests();
    if (takes && failing) trial_ = &target;
    if (!takes && full_ == nullptr) full_ = &target;
    if (takes && sees_all_ && !failing) note(target);
    return takes;
  }
  // Whether it takes one and has a connection for it now, as far as anybody can tell; of many
  // targets, whether it takes one at all.
  bool serves(uint32_t candidate) {
    return takes(candidate) && (!sees_all_ || trial_ != nullptr || begins_surely(at(candidate)));
  }
  // Of those that take a request none can do so sooner, or it is worth waiting for: nobody is full.
  // REQUIRES: all have been asked.
  bool is_best(TargetState& target) const {
    return !sees_all_ || begins_surely(target) || (full_ == nullptr && !target.begins_at_once());
  }
  // It could take it, and shall not.
  void pass_over(uint32_t candidate) {
    TargetState& target = at(candidate);
    if (&target != tried_ && !target.failing() && target.takes_requests()) passed_over_ = &target;
  }

  TargetState* trial() const { return trial_; }
  TargetState* slow() const { return slow_; }

  // `other` serves. `first`: what the algorithm would choose if it knew of nothing but health.
  TargetChoice result(TargetState* other, TargetState& first) const {
    if (trial_ != nullptr) return {.target = trial_};
    TargetState* const begins = other ? other : perhaps_;
    if (begins != nullptr && (perhaps_first_ || full_ != nullptr)) return {.target = begins};
    // In the line, the places that come free at the full ones are open to it as well.
    if (slow_ != nullptr && full_ != nullptr) return {.full = slow_};
    if (slow_ != nullptr) return {.target = slow_};
    if (full_ != nullptr) return {.full = full_};
    if (passed_over_ != nullptr) return {.target = passed_over_};
    // All fail: then one is as good as another, but none is asked more than it can take.
    if (first.takes_requests()) return {.target = &first};
    return {.full = &first};
  }

 private:
  bool begins_surely(TargetState& target) const {
    if (!target.begins_at_once() || target.makes_wait()) return false;
    return perhaps_ == nullptr || target.door().size() == 0;
  }
  void note(TargetState& target) {
    if (!target.begins_at_once()) {
      if (slow_ == nullptr) slow_ = &target;
    } else if (perhaps_ == nullptr && target.makes_wait()) {
      perhaps_ = &target;
      perhaps_first_ = slow_ == nullptr;
    }
  }

  AdoptedGroup& group_;
  const TargetState* const tried_;
  const bool sees_all_;
  // The first of each kind:
  TargetState* slow_ = nullptr;         // takes requests, but has no connection for this one yet
  TargetState* perhaps_ = nullptr;      // opens one, which may have to wait at its door
  bool perhaps_first_ = false;          // and stood before any slow one
  TargetState* full_ = nullptr;         // does not fail
  TargetState* trial_ = nullptr;        // has been given this request for its trial
  TargetState* passed_over_ = nullptr;  // does not fail either
};

// Those in slow start leave out some of their turns, as long as anybody else takes the request.
TargetChoice in_turn(AdoptedGroup& group, const Choosing& request) {
  const auto candidates = group.set.candidates();
  routing::RoundRobin& order = group.state->round_robin;
  const bool slow_starts = group.state->slow_starting > 0;
  const bool guarded = group.group->saturation_guard.enabled;
  const size_t looks = looks_at(candidates);
  Search search(group, request);
  TargetState* first = nullptr;
  TargetState* other = nullptr;
  for (size_t look = 0; look < (slow_starts ? 2 * looks : looks); ++look) {
    const uint32_t candidate = order.pick(candidates);
    TargetState& target = search.at(candidate);
    if (first == nullptr) first = &target;
    if (slow_starts && look < looks && !target.takes_turn()) continue;
    if (!guarded) return {.target = &target};
    if (!search.serves(candidate)) continue;
    if (search.slow() == nullptr || search.trial()) return {.target = &target};
    if (other == nullptr) other = &target;
  }
  const TargetChoice choice = search.result(other, *first);
  // All have had their turn meanwhile: the next one's is next.
  if (choice.target != nullptr && choice.target == search.slow()) order.pick(candidates);
  return choice;
}

TargetChoice least_outstanding(AdoptedGroup& group, const Choosing& request) {
  const auto candidates = group.set.candidates();
  LeastOutstanding& order = group.state->least_outstanding;
  Search search(group, request);
  const auto fewest = [&](auto may) {
    const auto outstanding = [&](uint32_t i) {
      return may(i) ? search.at(i).outstanding() : LeastOutstanding::cannot;
    };
    const auto found = order.pick(candidates, model::limits::targets_looked_at_max, outstanding);
    return found ? &search.at(*found) : nullptr;
  };
  const auto any = [](uint32_t) { return true; };
  if (!group.group->saturation_guard.enabled) return {.target = fewest(any)};
  TargetState* const chosen = fewest([&](uint32_t i) { return search.takes(i); });
  if (chosen == nullptr) return search.result(nullptr, *fewest(any));
  if (search.trial() != nullptr) return {.target = search.trial()};
  if (search.is_best(*chosen)) return {.target = chosen};
  TargetState* const other = fewest([&](uint32_t i) { return search.serves(i); });
  if (other == nullptr && chosen->begins_at_once()) return {.target = chosen};
  return search.result(other, *chosen);
}

TargetChoice weighted_random(AdoptedGroup& group, Choosing& request, Random& random) {
  const auto candidates = group.set.candidates();
  Search search(group, request);
  const auto weight = [&search](uint32_t i) { return search.at(i).weight(); };
  const uint32_t first = routing::pick_by_weight(candidates, random, weight);
  if (!group.group->saturation_guard.enabled || search.serves(first))
    return {.target = &search.at(first)};
  if (request.least_weight == 0)
    request.least_weight = any_weight + static_cast<uint32_t>(random.below(model::full_weight));
  const auto other = routing::pick_by_weight_once(candidates, model::limits::targets_looked_at_max,
                                                  random, [&](uint32_t i) -> uint32_t {
                                                    if (i == first) return 0;
                                                    if (weight(i) >= request.least_weight)
                                                      return search.serves(i) ? 1 : 0;
                                                    search.pass_over(i);
                                                    return 0;
                                                  });
  return search.result(other ? &search.at(*other) : nullptr, search.at(first));
}

// One that fails is found again by a connection without a request or, where it has one, by a
// request now and then.
bool may_be_asked(TargetState& target) {
  if (!target.failing()) return true;
  return target.trial_by_request() ? target.trial_due() : target.take_trial();
}

}  // namespace

TargetChoice choose_target(AdoptedGroup& group, Choosing& request, Random& random) {
  DARUMA_ASSERT(!group.set.candidates().empty());
  switch (group.group->balancing.algorithm) {
    case model::Algorithm::round_robin:
      return in_turn(group, request);
    case model::Algorithm::least_outstanding_requests:
      return least_outstanding(group, request);
    case model::Algorithm::weighted_random:
      return weighted_random(group, request, random);
  }
  return {};
}

bool passes_over(const AdoptedGroup& group, const Choosing& request) {
  const auto candidates = group.set.candidates();
  return std::ranges::any_of(candidates.first(looks_at(candidates)), [&](uint32_t at) {
    const TargetState& target = *group.targets[at];
    return target.weight() < request.least_weight && &target != request.tried &&
           !target.failing() && target.takes_requests() && target.begins_at_once();
  });
}

bool sees_all(const AdoptedGroup& group) {
  return group.set.candidates().size() <= model::limits::targets_looked_at_max;
}

TargetState* idle_target(AdoptedGroup& group, const Choosing& request) {
  const auto candidates = group.set.candidates();
  for (size_t looks = looks_at(candidates); looks > 0; --looks) {
    TargetState& target = *group.targets[group.state->round_robin.pick(candidates)];
    const bool may = &target != request.tried && target.weight() >= request.least_weight;
    if (may && !target.failing() && target.has_idle() && target.takes_requests()) return &target;
  }
  return nullptr;
}

// Of many, those from a place that chance chooses: what is full in one place says little of others.
bool has_capacity(const AdoptedGroup& group, Random& random) {
  if (group.set.mode() != routing::RoutingMode::healthy) return false;
  if (!group.group->saturation_guard.enabled) return true;
  const auto candidates = group.set.candidates();
  const size_t looks = looks_at(candidates);
  const size_t first = looks < candidates.size() ? random.below(candidates.size()) : 0;
  for (size_t i = 0; i < looks; ++i) {
    TargetState& target = *group.targets[candidates[(first + i) % candidates.size()]];
    if (may_be_asked(target) && target.takes_requests()) return true;
  }
  return false;
}

}  // namespace daruma::proxy
