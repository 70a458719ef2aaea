// SPDX-License-Identifier: Apache-2.0
//
// Why a target's door is shut, judged by how many connections of the whole node are inside. Pure:
// told the time.
//
// A server with a worker per connection that is full lets one in when another has left, at once and
// only then: while somebody waits at the door, the number inside stays what it is. One that is only
// slow – its processor is busy with something else, or it knows no places at all – lets them in
// though nobody has left, and keeps them waiting though somebody has: the number goes up or down.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace daruma::health {

class PlaceLimit {
 public:
  // What is inside when the door is found shut may still rise for that long: some were just let in.
  static constexpr Duration settling = 300ms;
  // After that long without a rise it is a lack of places.
  static constexpr Duration proof = 1s;
  // Workers tell of one that left and one that took its place in any order: a rise that is shorter
  // is none.
  static constexpr Duration blink = 50ms;
  // A place does not stand empty that long at a full target with somebody at its door. (Two do for
  // even less.)
  static constexpr Duration empty_longest = 150ms;
  static constexpr Duration two_empty_longest = 100ms;
  // Nor do as many of its places, on the average, while it is proved: one in so many.
  static constexpr int empty_part = 10;
  // What was inside longer ago than one to two of these is no measure any more: places may go.
  static constexpr Duration period = 500ms;

  enum class Verdict : uint8_t { undecided, full, slow };

  // The door was found shut, and so many are inside.
  void begin(Instant now, uint32_t inside);
  // So many are inside now; `pressed`: connections wait at the door, and requests for them.
  Verdict note(Instant now, uint32_t inside, bool pressed);

 private:
  uint32_t highest() const { return std::max(highest_, highest_before_); }
  void weigh(Instant now, uint32_t inside, bool pressed);
  bool mostly_taken() const { return empty_time_ * empty_part <= place_time_; }
  void roll(Instant now, uint32_t inside);
  Verdict on_rise(Instant now, uint32_t inside);
  bool stand_empty(Instant now, uint32_t inside, bool pressed);

  Verdict verdict_ = Verdict::undecided;
  Instant since_{};
  uint32_t highest_ = 0;
  uint32_t highest_before_ = 0;
  Instant period_end_{};
  Instant risen_since_ = never;
  Instant empty_since_ = never;
  Instant two_empty_since_ = never;
  // Of the places that there seem to be: for how long, and for how long empty, while somebody was
  // at the door.
  Duration place_time_{};
  Duration empty_time_{};
  Instant weighed_at_{};
  uint32_t inside_ = 0;
  bool pressed_ = false;
};

}  // namespace daruma::health
