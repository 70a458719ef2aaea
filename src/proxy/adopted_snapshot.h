// SPDX-License-Identifier: Apache-2.0
//
// A snapshot together with what this worker keeps for it. Exchanges pin it: the pin is a plain
// counter, because pins never leave the worker's thread. Runtime state (pools, health, cursors) is
// filed by key and outlives it.
#pragma once

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "model/snapshot.h"
#include "proxy/graveyard.h"
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

  // Tells the targets which of them are candidates, by this set.
  void mark_candidates() const {
    for (uint32_t i = 0; i < targets.size(); ++i) mark_candidate(i);
  }
  void mark_candidate(uint32_t target) const {
    targets[target]->set_candidate(set.is_candidate(target));
  }
};

// Mortal: the last exchange that pins it may be ended by one of its own targets.
class AdoptedSnapshot final : public Mortal {
 public:
  AdoptedSnapshot(model::SnapshotRef snapshot, std::vector<AdoptedGroup> groups)
      : snapshot_(std::move(snapshot)), groups_(std::move(groups)) {
    for (uint32_t group = 0; group < groups_.size(); ++group) {
      const auto& targets = groups_[group].targets;
      for (uint32_t i = 0; i < targets.size(); ++i) places_[targets[i].get()] = {group, i};
    }
  }

  const model::Snapshot& snapshot() const { return *snapshot_; }
  AdoptedGroup& group(uint32_t index) { return groups_[index]; }
  // Also while a newer snapshot serves: requests that go by this one choose their target by the
  // health of now. A target that it does not name is none of its business.
  void set_health(const TargetState& target, model::HealthState state) {
    const auto found = places_.find(&target);
    if (found == places_.end()) return;
    AdoptedGroup& group = groups_[found->second.group];
    const bool all_change = group.set.set_health(found->second.target, state);
    if (!newest_) return;
    if (all_change) return group.mark_candidates();
    group.mark_candidate(found->second.target);
  }
  // A newer one serves: who is a candidate is for that one to say.
  void supersede() { newest_ = false; }
  model::SnapshotRef take_snapshot() { return std::move(snapshot_); }

 private:
  friend class Pin;
  struct Place {
    uint32_t group;
    uint32_t target;  // in the group
  };
  model::SnapshotRef snapshot_;
  std::vector<AdoptedGroup> groups_;
  std::unordered_map<const TargetState*, Place> places_;
  bool newest_ = true;
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
