// SPDX-License-Identifier: Apache-2.0
//
// Deadlines in O(1): a hierarchical wheel of intrusive timers, 1 ms ticks. Pure: told the time by
// its owner, so the epoll loop and the simulated loop share it.
#pragma once

#include <array>
#include <cstdint>

#include "base/intrusive_list.h"
#include "base/time.h"

namespace daruma::io {

class Timer;
class TimerWheel;

class TimerHandler {
 public:
  // The timer is no longer set; the handler may set it again, clear or destroy any timer.
  virtual void on_timer(Timer& timer) = 0;

 protected:
  ~TimerHandler() = default;
};

// Owned by whoever waits. Neither setting nor clearing allocates; destroying clears.
class Timer : public ListNode<Timer> {
 public:
  Timer(TimerWheel& wheel, TimerHandler& handler) : wheel_(wheel), handler_(handler) {}
  ~Timer() { clear(); }

  // Fires once at or after `deadline` (never before; at most one tick later than the loop allows).
  // Setting again replaces the deadline; moving it later costs two stores, which is what an idle
  // timeout does on every request.
  void set(Instant deadline);
  void clear();
  bool is_set() const { return deadline_ != never; }
  Instant deadline() const { return deadline_; }

 private:
  friend class TimerWheel;
  TimerWheel& wheel_;
  TimerHandler& handler_;
  Instant deadline_ = never;
  uint64_t slot_tick_ = 0;  // the tick this timer is filed under; never later than its deadline's
};

class TimerWheel {
 public:
  explicit TimerWheel(Instant now);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // When advance() must next be called at the latest; `never` if no timer is set. May be earlier
  // than the earliest deadline (a cascade), never later.
  Instant next_wakeup() const;
  // Fires every timer whose deadline is at or before `now`, in order of deadline tick.
  void advance(Instant now);
  size_t size() const { return size_; }

 private:
  friend class Timer;
  void file(Timer& timer);
  void unfile(Timer& timer);

  static constexpr int levels = 5;
  static constexpr int slot_bits = 6;
  static constexpr int slots = 1 << slot_bits;
  std::array<std::array<IntrusiveList<Timer>, slots>, levels> wheel_;
  std::array<uint64_t, levels> occupied_{};  // one bit per slot that may hold timers
  uint64_t tick_;  // all ticks up to and including this one have been fired
  size_t size_ = 0;
};

}  // namespace daruma::io
