// SPDX-License-Identifier: Apache-2.0
#include "io/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"

// Level L has one slot per 64^L ticks. A timer is filed on the lowest level whose 64 slots reach
// its tick; when the wheel comes to the first tick of a slot of a higher level, that slot's timers
// are filed again, lower. What lies beyond the highest level waits in its last slot and is filed
// again from there.
namespace daruma::io {
namespace {

constexpr Duration tick_length = 1ms;
constexpr uint64_t no_tick = std::numeric_limits<uint64_t>::max();

uint64_t last_tick_at(Instant now) {
  return now.time_since_epoch() < Duration::zero()
             ? 0
             : static_cast<uint64_t>(now.time_since_epoch() / tick_length);
}

// The first tick at which a timer is not early.
uint64_t first_tick_after(Instant deadline) {
  const uint64_t tick = last_tick_at(deadline);
  return deadline.time_since_epoch() > static_cast<int64_t>(tick) * tick_length ? tick + 1 : tick;
}

// What is later than this is for that tick or a later one: to tell so without a division.
Instant last_instant_before(uint64_t tick) {
  return Instant(static_cast<int64_t>(tick - 1) * tick_length);
}

}  // namespace

void Timer::set(Instant deadline) {
  if (deadline == never) return clear();
  if (is_set()) {
    // Filed too early is harmless: it will be filed again when that tick comes.
    if (deadline > last_instant_before(slot_tick_)) {
      deadline_ = deadline;
      return;
    }
    wheel_.unfile(*this);
  } else {
    ++wheel_.size_;
  }
  deadline_ = deadline;
  wheel_.file(*this, wheel_.tick_ + 1);
}

void Timer::clear() {
  if (!is_set()) return;
  wheel_.unfile(*this);
  --wheel_.size_;
  deadline_ = never;
}

TimerWheel::TimerWheel(Instant now) : tick_(last_tick_at(now)) {}

TimerWheel::~TimerWheel() {
  DARUMA_ASSERT(size_ == 0);
}

Instant TimerWheel::next_wakeup() const {
  const uint64_t tick = next_tick();
  return tick == no_tick ? never : Instant(static_cast<int64_t>(tick) * tick_length);
}

bool TimerWheel::fire_next(Instant now) {
  const uint64_t target = last_tick_at(now);
  for (uint64_t next = next_tick(); next <= target; next = next_tick()) {
    if (next != tick_) enter(next);
    if (fire_one()) return true;
  }
  tick_ = std::max(tick_, target);
  return false;
}

void TimerWheel::enter(uint64_t tick) {
  tick_ = tick;
  for (int level = levels - 1; level > 0; --level) {
    if (tick_ % span_of(level) == 0) file_lower(level);
  }
}

void TimerWheel::file(Timer& timer, uint64_t earliest) {
  const uint64_t farthest = tick_ + span_of(levels) - 1;
  const uint64_t tick = std::clamp(first_tick_after(timer.deadline_), earliest, farthest);
  int level = 0;
  while (tick - tick_ >= span_of(level + 1)) ++level;
  timer.slot_tick_ = tick;
  timer.level_ = static_cast<uint64_t>(level);
  const size_t slot = slot_of(tick, level);
  wheel_[level][slot].push_back(timer);
  occupied_[level] |= uint64_t{1} << slot;
}

void TimerWheel::unfile(Timer& timer) {
  const int level = static_cast<int>(timer.level_);
  const size_t slot = slot_of(timer.slot_tick_, level);
  timer.unlink();
  if (wheel_[level][slot].empty()) occupied_[level] &= ~(uint64_t{1} << slot);
}

void TimerWheel::file_lower(int level) {
  const size_t slot = slot_of(tick_, level);
  IntrusiveList<Timer>& timers = wheel_[level][slot];
  // Ends, because none returns to this slot: it would have to lie a whole turn of the level ahead.
  while (!timers.empty()) file(timers.pop_front(), tick_);
  occupied_[level] &= ~(uint64_t{1} << slot);
}

// Whoever calls it again and again comes to an end, because what handlers set is filed under a
// later tick.
bool TimerWheel::fire_one() {
  IntrusiveList<Timer>& due = wheel_[0][slot_of(tick_, 0)];
  while (!due.empty()) {
    Timer& timer = due.front();
    unfile(timer);
    if (first_tick_after(timer.deadline_) > tick_) {
      file(timer, tick_ + 1);
      continue;
    }
    timer.deadline_ = never;
    --size_;
    timer.handler_.on_timer(timer);
    return true;
  }
  return false;
}

uint64_t TimerWheel::next_tick() const {
  if (occupied_[0] >> slot_of(tick_, 0) & 1) return tick_;
  uint64_t next = no_tick;
  for (int level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const uint64_t following = tick_ / span_of(level) + 1;
    const uint64_t ahead = std::rotr(occupied_[level], static_cast<int>(following % slots));
    next = std::min(next, (following + std::countr_zero(ahead)) * span_of(level));
  }
  return next;
}

}  // namespace daruma::io
