// SPDX-License-Identifier: Apache-2.0
//
// Deadlines in O(1): a hierarchical wheel of intrusive timers, 1 ms ticks. Pure: told the time by
// its owner, so the epoll loop and the simulated loop share it. Deadlines are rounded up to whole
// ticks; they may lie any time ahead.
#pragma once

#include <array>
#include <cstddef>
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

  // Fires once at or after `deadline` (never before; at most one tick later than the loop allows),
  // and never from inside this call: a deadline that has passed fires at the next tick. `never`
  // clears. Setting again replaces the deadline; moving it later costs two stores, which is what an
  // idle timeout does on every request.
  void set(Instant deadline);
  void clear();
  bool is_set() const { return deadline_ != never; }
  Instant deadline() const { return deadline_; }

 private:
  friend class TimerWheel;
  TimerWheel& wheel_;
  TimerHandler& handler_;
  Instant deadline_ = never;
  uint64_t slot_tick_ : 56 = 0;  // the tick this timer is filed under; at or before its deadline's
  uint64_t level_ : 8 = 0;       // the level of the wheel it is filed on
};

// Outlives every timer that is set.
class TimerWheel {
 public:
  explicit TimerWheel(Instant now);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // When fire_next() must next be called at the latest; `never` if no timer is set. May be earlier
  // than the earliest deadline (a cascade), never later.
  Instant next_wakeup() const;
  // Of the timers whose deadline, rounded up to a tick, is at or before `now`, fires the one whose
  // tick comes first. False if there is none: then `now` is where the wheel stands.
  bool fire_next(Instant now);
  size_t size() const { return size_; }

 private:
  friend class Timer;
  static constexpr int levels = 5;
  static constexpr int slot_bits = 6;
  static constexpr int slots = 1 << slot_bits;
  // How many ticks one slot of the level stands for.
  static constexpr uint64_t span_of(int level) { return uint64_t{1} << (slot_bits * level); }
  static constexpr size_t slot_of(uint64_t tick, int level) {
    return tick / span_of(level) % slots;
  }

  // Under its deadline's tick, but no earlier than `earliest`.
  void file(Timer& timer, uint64_t earliest);
  void unfile(Timer& timer);
  void file_lower(int level);
  void enter(uint64_t tick);
  bool fire_one();
  // The next tick at which a slot has to be emptied, on any level.
  uint64_t next_tick() const;

  std::array<std::array<IntrusiveList<Timer>, slots>, levels> wheel_;
  std::array<uint64_t, levels> occupied_{};  // one bit per slot that holds timers
  uint64_t tick_;  // all ticks before this one have been fired, and of this one all but what its
                   // slot holds
  size_t size_ = 0;
};

}  // namespace daruma::io
