// SPDX-License-Identifier: Apache-2.0
//
// The door of one target as the whole node sees it, from what each worker reports. While some
// worker finds the target saturated, one connection of the node may wait at its door: that of the
// worker whose turn it is. Pure: told the time.
//
// The turn goes to a worker that is knocking already, else to the one with the most requests
// waiting; where they are equal, to the one whose last turn is longest ago. It ends when the
// connection is in or gone, when there is nothing to knock for, or when it is not used.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "model/letter.h"

namespace daruma::health {

class Doorkeeper {
 public:
  // A worker whose report is older says nothing: it repeats itself every 250 ms while it matters.
  static constexpr Duration silence_max = 1s;
  // A turn that nobody has used for that long passes on.
  static constexpr Duration turn_unused_max = 1s;

  explicit Doorkeeper(size_t workers) : workers_(workers) {}

  // Each returns whether there is something new to tell the workers.
  bool take(const model::DoorReport& report, Instant now);
  bool look(Instant now);  // time has passed; a few times per second while saturated()

  bool saturated() const { return saturated_; }
  uint32_t knocker() const { return knocker_; }
  // Of all workers together, as last reported.
  uint32_t waiting() const;

 private:
  struct Worker {
    Instant reported{};  // the zero instant: never, or forgotten
    bool saturated = false;
    bool knocking = false;
    uint32_t waiting = 0;
    uint64_t last_turn = 0;  // number of the turn; 0: none yet
    bool wants_in() const { return knocking || waiting > 0; }
  };

  static constexpr uint32_t nobody = model::DoorLetter::nobody;

  bool settle(Instant now);
  bool turn_is_over(Instant now) const;
  uint32_t choose() const;
  void give_turn(uint32_t worker, Instant now);

  std::vector<Worker> workers_;
  bool saturated_ = false;
  uint32_t knocker_ = nobody;
  uint64_t turns_ = 0;
  Instant turn_began_{};
  bool has_knocked_ = false;  // in this turn
};

}  // namespace daruma::health
