// SPDX-License-Identifier: Apache-2.0
//
// The door of one target as the whole node sees it, from what each worker reports: whether the
// target is full or only slow where some worker finds the door shut (health/place_limit), and while
// it is full, whose turn it is to have a connection wait there. Pure: told the time.
//
// The turn goes to a worker that is knocking already, else to the one with the most requests
// waiting; where they are equal, to the one whose last turn is longest ago. It ends when the
// connection is in or gone, when there is nothing to knock for, or when it is not used.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "health/place_limit.h"
#include "model/letter.h"

namespace daruma::health {

class Doorkeeper {
 public:
  // A worker whose report is older says nothing: it repeats itself every 250 ms while it matters.
  static constexpr Duration silence_max = 1s;
  // A turn that nobody has used for that long passes on.
  static constexpr Duration turn_unused_max = 1s;
  // For that long a slow target is not suspected again: workers have yet to hear that it is slow.
  static constexpr Duration slow_least = 1s;

  explicit Doorkeeper(size_t workers) : workers_(workers) {}

  // Each returns whether there is something new to tell the workers.
  bool take(const model::DoorReport& report, Instant now);
  bool look(Instant now);  // time has passed; a few times per second while it is not open

  model::DoorState state() const { return state_; }
  uint32_t knocker() const { return knocker_; }
  // While it is full, or suspected to be: requests of some worker wait.
  bool wanted() const { return wanted_; }
  // Of all workers together, as last reported.
  uint32_t waiting() const;

 private:
  using DoorState = model::DoorState;
  struct Worker {
    Instant reported{};  // the zero instant: never, or forgotten
    bool shut = false;
    bool knocking = false;
    uint32_t waiting = 0;
    uint32_t inside = 0;
    uint64_t last_turn = 0;  // number of the turn; 0: none yet
    bool wants_in() const { return knocking || waiting > 0; }
  };

  static constexpr uint32_t nobody = model::DoorLetter::nobody;

  bool settle(Instant now);
  DoorState judge(Instant now);
  DoorState suspect(Instant now);
  uint32_t inside() const;
  bool turn_is_over(Instant now) const;
  uint32_t choose() const;
  void give_turn(uint32_t worker, Instant now);

  std::vector<Worker> workers_;
  DoorState state_ = DoorState::open;
  PlaceLimit limit_;
  bool shows_places_ = true;
  Instant slow_until_{};
  uint32_t knocker_ = nobody;
  bool wanted_ = false;
  uint64_t turns_ = 0;
  Instant turn_began_{};
  bool has_knocked_ = false;  // in this turn
};

}  // namespace daruma::health
