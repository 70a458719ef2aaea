// SPDX-License-Identifier: Apache-2.0
//
// What speaks against one target, as one worker sees it: requests that failed one after another,
// its fault each time and no answer in between, or several that were sent or wait for a connection,
// and nothing is heard. Others are better asked, and neither its clients nor, while all targets
// count as unhealthy, those of the others shall pay for it; so it is asked now and then whether it
// still fails. Pure: told the time.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>

#include "base/growing_interval.h"
#include "base/time.h"

namespace daruma::proxy {

class FailureStreak {
 public:
  static constexpr uint32_t failing_from = 3;
  static constexpr Duration trial_interval = 1s;
  static constexpr Duration knock_interval_least = 100ms;
  static constexpr Duration knock_interval_most = 1s;

  // A request or a new connection is on its way to the target. The number of the silence into which
  // it asks: each has its own, never 0.
  uint32_t on_asked(Instant now) {
    if (unheard_++ == 0) unheard_since_ = now;
    return silence_;
  }
  // One that asked into that silence has gone before it could expect to be heard.
  void on_withdrawn(uint32_t silence) {
    if (silence == silence_) unheard_ -= unheard_ > 0;
  }
  // It is answered by the kernel, which accepts, or refuses, also where nobody serves: that says
  // nothing.
  void on_kernel_answered() { unheard_ -= unheard_ > 0; }
  // The server itself said something.
  void on_heard() {
    unheard_ = 0;
    if (++silence_ == 0) ++silence_;
  }
  void on_success() {
    on_heard();
    length_ = 0;
    knock_interval_.restart();
  }
  // A connection is open. Where it was there that requests failed, they do no longer.
  void on_opened() {
    if (at_opening_) length_ = 0;
  }
  enum class Where : uint8_t { at_opening, later };
  // Somebody who waits for it to be heard of goes elsewhere. True once for each silence: what the
  // first has found out is no other failure when the rest move too.
  bool on_left() { return std::exchange(left_in_, silence_) != silence_; }
  // True if it is worth telling: the first, and each time that their number has doubled.
  bool on_failure(Where where) {
    at_opening_ = where == Where::at_opening;
    return std::has_single_bit(++length_);
  }
  uint32_t length() const { return length_; }

  bool failing() const { return length_ >= failing_from; }
  // Enough have asked since it was last heard of; has the first of them waited for too long?
  bool unheard() const { return unheard_ >= failing_from; }
  bool silent(Instant now, Duration patience) const {
    return unheard() && now - unheard_since_ >= patience;
  }

  // Whether to find out by a connection, which costs nobody a request.
  bool take_knock(Instant now) {
    if (now < next_knock_) return false;
    next_knock_ = now + knock_interval_.next();
    return true;
  }
  bool trial_due(Instant now) const { return now >= next_trial_; }
  // Whether to find out by a request. True once per interval.
  bool take_trial(Instant now) {
    if (!trial_due(now)) return false;
    next_trial_ = now + trial_interval;
    return true;
  }

 private:
  uint32_t length_ = 0;
  uint32_t unheard_ = 0;  // who asked since something was heard
  uint32_t silence_ = 1;
  uint32_t left_in_ = 0;  // the silence in which somebody left last
  bool at_opening_ = false;
  Instant unheard_since_{};
  Instant next_trial_{};
  Instant next_knock_{};
  GrowingInterval knock_interval_{knock_interval_least, knock_interval_most};
};

}  // namespace daruma::proxy
