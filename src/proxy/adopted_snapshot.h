// SPDX-License-Identifier: Apache-2.0
//
// A snapshot together with what this worker keeps for it. Exchanges pin it: the pin is a plain
// counter, because pins never leave the worker's thread. Runtime state (pools, health, cursors) is
// filed by key and outlives it.
#pragma once

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "model/snapshot.h"
#include "proxy/group_state.h"
#include "proxy/target_state.h"
#include "routing/target_set.h"

namespace daruma::proxy {

// Of one target group in one snapshot.
struct AdoptedGroup {
  const model::TargetGroup* group;
  std::shared_ptr<GroupState> state;
  routing::TargetSet set;
  std::vector<std::shared_ptr<TargetState>> targets;  // in the group's order, as `set` counts them

  // Whether all of the group's targets are there.
  bool complete() const { return targets.size() == set.size(); }
  // From now on this set says which of the targets are candidates.
  void take_over(uint64_t revision) const {
    state->candidates_by = revision;
    mark_candidates();
  }
  void mark_candidates() const {
    for (uint32_t i = 0; i < targets.size(); ++i) mark_candidate(i);
  }
  void mark_candidate(uint32_t target) const {
    targets[target]->set_candidate(set.is_candidate(target));
  }
};

class AdoptedSnapshot final {
 public:
  // Without its groups.
  explicit AdoptedSnapshot(model::SnapshotRef snapshot) : snapshot_(std::move(snapshot)) {}

  const model::Snapshot& snapshot() const { return *snapshot_; }
  AdoptedGroup& group(uint32_t index) { return groups_[index]; }
  // In the snapshot's order.
  void add(AdoptedGroup group) {
    places_[group.state.get()] = groups_.size();
    targets_ += group.set.size();
    groups_.push_back(std::move(group));
  }
  // The first group whose targets are not all there, or nullptr.
  AdoptedGroup* incomplete_group() {
    while (complete_ < groups_.size() && groups_[complete_].complete()) ++complete_;
    return complete_ < groups_.size() ? &groups_[complete_] : nullptr;
  }
  // Of all groups.
  size_t targets() const { return targets_; }

  // Also while a newer snapshot serves: requests that go by this one choose their target by the
  // health of now. A target that it does not name is none of its business.
  void set_health(const TargetState& target, model::HealthState state) {
    const auto found = places_.find(&target.group());
    if (found == places_.end()) return;
    AdoptedGroup& group = groups_[found->second];
    const auto place =
        std::ranges::find(group.targets, &target, &std::shared_ptr<TargetState>::get);
    if (place == group.targets.end()) return;
    const auto index = static_cast<uint32_t>(place - group.targets.begin());
    const bool all_change = group.set.set_health(index, state);
    if (group.state->candidates_by != snapshot_->revision) return;
    if (all_change) return group.mark_candidates();
    group.mark_candidate(index);
  }

  // A newer one will not be adopted after all: who is a candidate says this one again.
  void take_back() const {
    for (const AdoptedGroup& group : groups_) {
      if (group.state->candidates_by != snapshot_->revision) group.take_over(snapshot_->revision);
    }
  }

  // --- Once nobody pins it
  model::SnapshotRef take_snapshot() { return std::move(snapshot_); }
  // Of one target's state. False if none is left. REQUIRES: no state is on the call stack.
  bool let_go_of_one() {
    while (!groups_.empty() && groups_.back().targets.empty()) groups_.pop_back();
    if (groups_.empty()) return false;
    groups_.back().targets.pop_back();
    return true;
  }

 private:
  friend class Pin;
  model::SnapshotRef snapshot_;
  std::vector<AdoptedGroup> groups_;
  std::unordered_map<const GroupState*, size_t> places_;  // in groups_
  size_t complete_ = 0;                                   // groups in front that are
  size_t targets_ = 0;
  size_t pins_ = 0;
};

// Keeps an adopted snapshot in use; the worker retires it when nobody does.
class Pin {
 public:
  class Owner {
   public:
    virtual void on_unpinned(AdoptedSnapshot& snapshot) = 0;

   protected:
    ~Owner() = default;
  };

  Pin() = default;
  Pin(Owner& owner, AdoptedSnapshot& snapshot) : owner_(&owner), snapshot_(&snapshot) {
    ++snapshot.pins_;
  }
  Pin(const Pin& other) : owner_(other.owner_), snapshot_(other.snapshot_) {
    if (snapshot_) ++snapshot_->pins_;
  }
  Pin(Pin&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        snapshot_(std::exchange(other.snapshot_, nullptr)) {}
  Pin& operator=(Pin other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(snapshot_, other.snapshot_);
    return *this;
  }
  ~Pin() {
    if (!snapshot_) return;
    DARUMA_ASSERT(snapshot_->pins_ > 0);
    if (--snapshot_->pins_ == 0) owner_->on_unpinned(*snapshot_);
  }

  AdoptedSnapshot* operator->() const { return snapshot_; }
  AdoptedSnapshot& operator*() const { return *snapshot_; }
  explicit operator bool() const { return snapshot_ != nullptr; }

 private:
  Owner* owner_ = nullptr;
  AdoptedSnapshot* snapshot_ = nullptr;
};

}  // namespace daruma::proxy
