// SPDX-License-Identifier: Apache-2.0
//
// How many requests a target can answer at once, where its door does not show it: an event-driven
// server accepts everything, and being asked more only makes it answer later. Judged from what one
// worker sees, window by window; pure: told the time.
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

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace daruma::proxy {

// How long an answer took, as far as it is known: a loop that was busy may have found it late. Not
// more than `least` may be held against the target; not less than `most` is what it can do.
struct AnswerTime {
  // `behind`: io::Loop::behind(), which may be more than it took.
  static AnswerTime found_after(Duration took, Duration behind) {
    return {.least = std::max(took - behind, Duration::zero()), .most = took};
  }
  Duration least;
  Duration most;
};

class LatencyLimit {
 public:
  static constexpr uint32_t unlimited = UINT32_MAX;

  // Requests that may be under way at once.
  uint32_t limit() const { return limit_; }
  bool lenient() const { return state_ == State::lenient; }
  // Nobody should be turned away who has not waited for as long: twice what an answer took without
  // a limit. 0: there is none.
  Duration patience() const { return patience_; }

  // A request is on its way; `in_flight` counts it.
  void on_sent(size_t in_flight);
  // It was answered, `took.most` before `now` it had been sent.
  void on_answered(Instant now, AnswerTime took);

 private:
  enum class State : uint8_t { off, lenient, firm };
  struct Window {
    Instant began{};
    uint32_t answers = 0;
    uint32_t most_in_flight = 0;
    // Of requests sent since the limit changed last: what was sent before tells of before.
    uint32_t fresh = 0;
    AnswerTime fresh_time{};
    AnswerTime mean() const {
      if (fresh == 0) return {};
      return {.least = fresh_time.least / fresh, .most = fresh_time.most / fresh};
    }
  };

  void end_window(Instant now);
  void consider(Instant now, AnswerTime mean, double rate);
  void note_usual(AnswerTime mean);
  void judge(Instant now, const Window& window, Duration length);
  void set_limit(Instant now, uint32_t limit);
  bool costs_throughput(const Window& window, Duration length) const;
  uint32_t step_down(uint32_t limit, Duration mean) const;
  uint32_t answers_wanted() const;
  void lift();

  State state_ = State::off;
  uint32_t limit_ = unlimited;
  uint32_t limit_before_ = unlimited;
  Window window_;
  Instant limit_since_{};
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

}  // namespace daruma::proxy
