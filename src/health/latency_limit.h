// SPDX-License-Identifier: Apache-2.0
//
// How many requests a target can answer at once, where its door does not show it: an event-driven
// server accepts everything, and being asked more only makes it answer later. Judged from what all
// workers of the node see together, window by window: one worker alone that asks less only makes
// room for the others. Pure: told the time.
//
// A target is too busy when it answers much later than it used to. Whether fewer requests at once
// would help is tried, not assumed: pages may have become slower by themselves. So the limit is
// taken down, towards what would do if answers took as long as usual, for as long as that costs no
// throughput, and lifted when it does. Until it has proved itself it is lenient: it makes requests
// wait, but none may be turned away.
//
//   off ── two slow windows ──► lenient ── kept its throughput ──► firm ── not needed ──► off
//    ▲                            │  lost throughput                 │ lost throughput: a step up
//    └──────── rests a while ◄────┘                                  └─► firm
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "model/answer_time.h"

namespace daruma::health {

// What was seen of a target since the sample before.
struct LoadSample {
  uint32_t answers = 0;
  uint32_t fresh = 0;  // of those, to requests sent since the limit was lowered last
  model::AnswerTime fresh_time{};
  uint32_t most_in_flight = 0;
  uint32_t waiting = 0;  // requests that would be sent if there were no limit
};

class LatencyLimit {
 public:
  static constexpr uint32_t unlimited = UINT32_MAX;

  // `usual`: what an answer takes when the target is not busy; it has just been found slow.
  explicit LatencyLimit(Duration usual) : usual_(usual), slow_windows_(1) {}

  // Requests that may be under way at once.
  uint32_t limit() const { return limit_; }
  bool lenient() const { return state_ == State::lenient; }
  // Nobody should be turned away who has not waited for as long: twice what an answer took without
  // a limit. 0: there is none.
  Duration patience() const { return patience_; }

  bool off() const { return state_ == State::off; }
  Duration usual() const { return usual_; }
  // How often it was lowered.
  uint32_t lowered() const { return lowered_; }

  void note(Instant now, const LoadSample& sample);

 private:
  enum class State : uint8_t { off, lenient, firm };
  struct Window {
    Instant began{};
    LoadSample sum{};     // what was sent before the limit changed tells of before: `fresh` counts
    uint32_t wanted = 0;  // in flight and waiting, at most
    model::AnswerTime mean() const { return sum.fresh_time.mean_of(sum.fresh); }
  };

  void end_window(Instant now);
  void consider(model::AnswerTime mean, double rate);
  void judge(const Window& window, Duration length);
  void set_limit(uint32_t limit);
  bool costs_throughput(const Window& window, Duration length) const;
  uint32_t step_down(uint32_t limit, Duration mean) const;
  uint32_t answers_wanted() const;
  void lift();

  State state_ = State::off;
  uint32_t limit_ = unlimited;
  uint32_t limit_before_ = unlimited;
  Window window_;
  uint32_t lowered_ = 0;
  Duration usual_{};  // what an answer takes when the target is not busy
  Duration patience_{};
  uint32_t busiest_ = 0;  // requests under way at once, in the last window without a limit
  uint32_t slow_windows_ = 0;
  uint32_t windows_kept_ = 0;  // under this limit, with throughput as before
  uint32_t windows_unneeded_ = 0;
  uint32_t windows_to_rest_ = 0;
  Duration mean_before_{};  // what an answer took before the limit, at least
  double rate_before_ = 0;  // answers a second, before the limit or its last step
};

}  // namespace daruma::health
