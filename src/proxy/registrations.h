// SPDX-License-Identifier: Apache-2.0
//
// What a worker keeps of targets and groups, filed by key, while snapshots come and go; and the
// snapshots that it has adopted.
//
// A snapshot is adopted piece by piece, so that however many targets it names, everybody else's
// events come in between: its targets are registered; then its listeners serve by it; then targets
// that it does not name are deregistered; and what a former one held is let go when nobody pins it
// any more. A snapshot that comes meanwhile waits, and of several that do the newest is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/loop.h"
#include "model/letter.h"
#include "model/snapshot.h"
#include "proxy/adopted_snapshot.h"
#include "proxy/group_state.h"
#include "proxy/target_state.h"

namespace daruma::proxy {

struct Environment;

class Registrations final : private Pin::Owner, private io::Task {
 public:
  class Owner {
   public:
    // All of a snapshot's targets are registered: current() is it from now on, and calls of
    // serve_next() follow.
    virtual void on_registered() = 0;
    // One more listener goes by current(), or goes. False: none was left, they do.
    virtual bool serve_next() = 0;
    // Nobody needs this snapshot any more, or it will not be adopted.
    virtual void on_retired(model::SnapshotRef snapshot) = 0;

   protected:
    ~Owner() = default;
  };

  Registrations(Environment& environment, Owner& owner);
  ~Registrations();
  Registrations(const Registrations&) = delete;
  Registrations& operator=(const Registrations&) = delete;

  // on_registered() follows, perhaps from inside this call; or on_retired(), if a newer one is
  // known.
  void adopt(model::SnapshotRef snapshot);
  // This node drains: what does not serve yet never will.
  void adopt_no_more();
  // Empty before the first.
  const Pin& current() const { return current_; }

  void on_letter(const model::HealthLetter& letter);
  void on_letter(const model::DoorLetter& letter);
  void on_letter(const model::WeightLetter& letter);
  void on_letter(const model::LoadLetter& letter);
  // Connections of all targets that no request uses.
  void close_unused();
  // Not yet let go, the current one included.
  size_t snapshots() const { return adopted_.size(); }

 private:
  // Health that was told of a target which no snapshot has named yet: letters may overtake
  // snapshots.
  struct ToldHealth {
    model::HealthState state;
    uint64_t revision;  // of the newest snapshot that was known when it was told
  };
  using Targets = std::map<model::TargetKey, std::shared_ptr<TargetState>>;
  enum class Phase : uint8_t { idle, registering, serving, deregistering };

  void on_unpinned(AdoptedSnapshot& snapshot) override;
  void run() override { work(); }  // Task: the next piece
  void work();
  void work_for(Instant begin);
  bool step();
  void begin(model::SnapshotRef snapshot);
  void register_next();
  AdoptedGroup new_group(const model::TargetGroup& group);
  std::shared_ptr<TargetState> find_or_create(const model::TargetKey& key,
                                              const std::shared_ptr<GroupState>& group);
  void begin_to_serve();
  void serve_next();
  void deregister_next();
  void deregister(const Targets::iterator& target);
  void finish();
  void consider_slow_start(TargetState& target, model::HealthState before);
  void tell_snapshots(const TargetState& target, model::HealthState state);
  uint64_t revision() const { return current_ ? current_->snapshot().revision : 0; }
  uint64_t newest_revision() const;  // of those that serve, are being adopted, or wait

  Environment& environment_;
  Owner& owner_;
  Targets targets_;
  std::map<std::string, std::shared_ptr<GroupState>> groups_;
  std::map<model::TargetKey, ToldHealth> told_;
  Phase phase_ = Phase::idle;
  std::unique_ptr<AdoptedSnapshot> adopting_;  // while registering
  Targets::iterator next_target_;              // while deregistering
  model::SnapshotRef waiting_;                 // for its turn
  std::vector<std::unique_ptr<AdoptedSnapshot>> adopted_;
  std::vector<std::unique_ptr<AdoptedSnapshot>> let_go_;
  Pin current_;
};

}  // namespace daruma::proxy
