// SPDX-License-Identifier: Apache-2.0
//
// The door of one target, as one worker finds it: connections that have come and are not in yet,
// and whether one more may come. Judges by proxy/governor what this worker sees, and goes by the
// DoorLetter for what the other workers see: while the target is saturated, one connection of the
// whole node waits there, that of the worker whose turn it is. Tells the health thread what it
// finds.
#pragma once

#include <cstddef>

#include "base/intrusive_list.h"
#include "io/timer_wheel.h"
#include "model/letter.h"
#include "model/target.h"
#include "proxy/governor.h"
#include "proxy/target_connection.h"

namespace daruma::proxy {

struct Environment;

class Door final : private io::TimerHandler {
 public:
  class Owner {
   public:
    virtual size_t inside() const = 0;  // connections that are in
    // Those of them that are upgraded: they do not come free for the next request, so that however
    // many there are, others may come in beside them.
    virtual size_t upgraded() const = 0;
    virtual size_t wanted() const = 0;  // requests that could use one more
    // One connection waits suspiciously long: another would show whether the target is full.
    virtual void on_witness_wanted() = 0;
    // A request waits at the door of a target that keeps its places for the connections it has: one
    // of them should make room.
    virtual void on_place_wanted() = 0;
    // A connection is in that waited for longer than a target which is not full makes one wait.
    virtual void on_waited() = 0;
    // A letter has come: it may be this worker's turn, or others may want its places.
    virtual void on_told() = 0;
    // shut() or full() has changed.
    virtual void on_door_changed() = 0;

   protected:
    ~Owner() = default;
  };

  Door(Environment& environment, const model::TargetKey& target, Owner& owner);

  void configure(const model::SaturationGuard& guard, model::Protocol protocol);
  void on_letter(const model::DoorLetter& letter);
  void restart() { governor_.restart(); }
  // The target is away.
  void on_away();

  bool guarded() const { return governor_.enabled(); }
  // New connections wait, as this worker or another one of the node finds: the target is full, or
  // slow.
  bool shut() const;
  // It is full.
  bool full() const { return guarded() && told_.state == model::DoorState::full; }
  // A place that this worker does not need is needed by another one of the node.
  bool wanted_elsewhere() const { return guarded() && told_.wanted; }
  // May one more connection be opened, while `connecting` are on their way to the door?
  bool may_open(size_t connecting) const;
  // A new connection would wait there.
  bool makes_wait() const {
    return size_ == 0 && governor_.late() && owner_.inside() >= governor_.learned_limit();
  }
  const Governor& governor() const { return governor_; }

  void come(TargetConnection& connection);
  // Its handshake is done, or its first response has begun. Harmless if it is not here any more.
  void let_in(TargetConnection& connection);
  // It goes away. Harmless if it is not here.
  void leave(TargetConnection& connection);
  // A connection that is inside was answered.
  void on_served(Instant now, Duration took) {
    governor_.on_served(now, took);
    governor_.count_answer(now);
    if (size_ > 0) look();
  }
  // The same where its client had gone.
  void on_served_nobody();
  // Its client left, and it stays (TargetState::leave_behind).
  void on_client_left(const TargetConnection& connection);
  // A place was left to another worker.
  void lend() { governor_.lend(); }
  // inside() has changed, or wanted() become more or less than nothing.
  void on_owner_changed() { report(); }

  // It has waited for longer than a target which is not full makes one wait.
  bool kept_out(const TargetConnection& connection) const;

  size_t size() const { return size_; }
  bool has(const TargetConnection& connection) const {
    return connection.ListNode<AtDoor>::linked();
  }

 private:
  void on_timer(io::Timer& timer) override;
  bool has_turn() const;
  void look();
  void judge();
  void set_timer();
  void report();

  Environment& environment_;
  const model::TargetKey& target_;
  Owner& owner_;
  Governor governor_;
  model::DoorLetter told_;
  model::DoorReport reported_;
  Instant reported_at_{};
  bool was_shut_ = false;
  bool was_full_ = false;
  io::Timer timer_;
  IntrusiveList<TargetConnection, AtDoor> waiting_;  // in the order in which they came
  size_t size_ = 0;
};

}  // namespace daruma::proxy
