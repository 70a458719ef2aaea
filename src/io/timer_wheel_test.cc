// SPDX-License-Identifier: Apache-2.0
#include "io/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"

namespace daruma::io {
namespace {

Instant at(Duration since_boot) {
  return Instant(since_boot);
}

void advance(TimerWheel& wheel, Instant to) {
  while (wheel.fire_next(to)) continue;
}

// Calls a function and keeps the names of what fired.
struct Recorder final : TimerHandler {
  explicit Recorder(std::string name, std::vector<std::string>& fired)
      : name_(std::move(name)), fired_(fired) {}
  void on_timer(Timer&) override {
    fired_.push_back(name_);
    if (then) then();
  }
  std::function<void()> then;

 private:
  std::string name_;
  std::vector<std::string>& fired_;
};

using Names = std::vector<std::string>;

TEST(TimerWheel, fires_once_and_never_early) {
  TimerWheel wheel(at(1s));
  Names fired;
  Recorder handler("a", fired);
  Timer timer(wheel, handler);
  EXPECT_FALSE(timer.is_set());
  EXPECT_EQ(wheel.next_wakeup(), never);
  timer.set(at(1s + 1500us));
  EXPECT_TRUE(timer.is_set());
  EXPECT_EQ(timer.deadline(), at(1s + 1500us));
  EXPECT_EQ(wheel.size(), 1u);
  advance(wheel, at(1s + 1999999ns));
  EXPECT_EQ(fired, Names{});
  advance(wheel, at(1s + 2ms));
  EXPECT_EQ(fired, Names{"a"});
  EXPECT_FALSE(timer.is_set());
  EXPECT_EQ(wheel.size(), 0u);
  advance(wheel, at(1h));
  EXPECT_EQ(fired, Names{"a"});
}

TEST(TimerWheel, fires_in_order_of_deadline_whatever_the_order_of_setting) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder a("a", fired), b("b", fired), c("c", fired), d("d", fired);
  Timer ta(wheel, a), tb(wheel, b), tc(wheel, c), td(wheel, d);
  td.set(at(48h));
  tb.set(at(70ms));
  tc.set(at(5s));
  ta.set(at(3ms));
  advance(wheel, at(72h));
  EXPECT_EQ(fired, (Names{"a", "b", "c", "d"}));
}

TEST(TimerWheel, fires_one_at_a_time) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder a("a", fired), b("b", fired), c("c", fired);
  Timer ta(wheel, a), tb(wheel, b), tc(wheel, c);
  for (Timer* timer : {&ta, &tb}) timer->set(at(3ms));
  tc.set(at(90ms));
  EXPECT_TRUE(wheel.fire_next(at(1s)));
  EXPECT_EQ(fired, Names{"a"});
  // What is due beside it has not gone by.
  EXPECT_EQ(wheel.next_wakeup(), at(3ms));
  ta.set(at(2ms));
  EXPECT_TRUE(wheel.fire_next(at(1s)));
  EXPECT_EQ(fired, (Names{"a", "b"}));
  EXPECT_EQ(wheel.next_wakeup(), at(4ms));
  advance(wheel, at(1s));
  EXPECT_EQ(fired, (Names{"a", "b", "a", "c"}));
  EXPECT_FALSE(wheel.fire_next(at(1s)));
}

TEST(TimerWheel, setting_again_replaces_the_deadline) {
  struct Row {
    Duration first;
    Duration second;
  };
  for (const Row& row :
       {Row{10ms, 500ms}, Row{500ms, 10ms}, Row{60s, 61s}, Row{2h, 1ms}, Row{10ms, 240h}}) {
    SCOPED_TRACE(row.first.count());
    TimerWheel wheel(at(7ms));
    Names fired;
    Recorder handler("a", fired);
    Timer timer(wheel, handler);
    timer.set(at(7ms + row.first));
    timer.set(at(7ms + row.second));
    EXPECT_EQ(wheel.size(), 1u);
    advance(wheel, at(7ms + row.second - 1ns));
    EXPECT_EQ(fired, Names{});
    advance(wheel, at(7ms + row.second));
    EXPECT_EQ(fired, Names{"a"});
  }
}

TEST(TimerWheel, deadline_in_the_past_fires_at_the_next_tick) {
  TimerWheel wheel(at(10s));
  Names fired;
  Recorder handler("a", fired);
  Timer timer(wheel, handler);
  timer.set(at(3s));
  EXPECT_EQ(fired, Names{});
  EXPECT_EQ(wheel.next_wakeup(), at(10s + 1ms));
  advance(wheel, at(10s));
  EXPECT_EQ(fired, Names{});
  advance(wheel, at(10s + 1ms));
  EXPECT_EQ(fired, Names{"a"});
}

TEST(TimerWheel, never_clears) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder handler("a", fired);
  Timer timer(wheel, handler);
  timer.set(at(1s));
  timer.set(never);
  EXPECT_FALSE(timer.is_set());
  timer.clear();
  EXPECT_EQ(wheel.next_wakeup(), never);
  advance(wheel, at(1h));
  EXPECT_EQ(fired, Names{});
}

TEST(TimerWheel, keeps_deadlines_of_hours_and_days) {
  for (const Duration distance :
       {Duration(3600s), Duration(86400s), Duration(604800s), Duration((1LL << 30) * 1ms),
        Duration((1LL << 30) * 1ms - 1ms), Duration((1LL << 30) * 1ms + 1ms), Duration(8760h)}) {
    SCOPED_TRACE(distance.count());
    const Instant start = at(123456789ms);
    TimerWheel wheel(start);
    Names fired;
    Recorder handler("a", fired);
    Timer timer(wheel, handler);
    timer.set(start + distance);
    int wakeups = 0;
    // As the loop does: from wake-up to wake-up.
    for (Instant now = start; now < start + distance; ++wakeups) {
      ASSERT_EQ(fired, Names{});
      ASSERT_GT(wheel.next_wakeup(), now);
      now = wheel.next_wakeup();
      ASSERT_LE(now, start + distance);
      advance(wheel, now);
    }
    EXPECT_EQ(fired, Names{"a"});
    EXPECT_LT(wakeups, 250);  // a year takes 30 rounds of the wheel, each with a few cascades
  }
}

TEST(TimerWheel, last_moment_of_time_is_a_deadline_too) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder handler("a", fired);
  Timer timer(wheel, handler);
  timer.set(never - 1ns);
  advance(wheel, at(2400h));
  EXPECT_EQ(fired, Names{});
  EXPECT_TRUE(timer.is_set());
}

TEST(TimerWheel, moving_a_deadline_later_wakes_nobody_needlessly_often) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder handler("a", fired);
  Timer timer(wheel, handler);
  // An idle timeout of 60 s, renewed by a request every 10 ms for ten minutes.
  int wakeups = 0;
  for (Instant now = at(0s); now < at(600s); now += 10ms) {
    if (wheel.next_wakeup() <= now) ++wakeups;
    advance(wheel, now);
    timer.set(now + 60s);
  }
  EXPECT_EQ(fired, Names{});
  EXPECT_LT(wakeups, 40);
}

TEST(TimerWheel, handler_may_set_its_own_timer_again) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder handler("a", fired);
  Timer timer(wheel, handler);
  Instant next = at(5ms);
  handler.then = [&] {
    EXPECT_FALSE(timer.is_set());
    next += 5ms;
    if (fired.size() < 10) timer.set(next);
  };
  timer.set(next);
  advance(wheel, at(32ms));
  EXPECT_EQ(fired.size(), 6u);
  advance(wheel, at(1s));
  EXPECT_EQ(fired.size(), 10u);
}

TEST(TimerWheel, handler_that_sets_what_has_passed_does_not_hold_up_the_turn) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder handler("a", fired);
  Timer timer(wheel, handler);
  handler.then = [&] { timer.set(at(0s)); };
  timer.set(at(1ms));
  advance(wheel, at(1ms));
  EXPECT_EQ(fired.size(), 1u);
  advance(wheel, at(4ms));
  EXPECT_EQ(fired.size(), 4u);
}

TEST(TimerWheel, handler_may_clear_and_destroy_timers_due_at_the_same_tick) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder a("a", fired), b("b", fired), c("c", fired), d("d", fired);
  Timer ta(wheel, a);
  Timer tb(wheel, b);
  auto tc = std::make_unique<Timer>(wheel, c);
  Timer td(wheel, d);
  for (Timer* timer : {&ta, &tb, tc.get(), &td}) timer->set(at(100ms));
  a.then = [&] {
    tb.clear();
    tc.reset();
  };
  advance(wheel, at(1s));
  EXPECT_EQ(fired, (Names{"a", "d"}));
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, handler_may_destroy_its_own_timer) {
  TimerWheel wheel(at(0s));
  Names fired;
  Recorder handler("a", fired);
  auto timer = std::make_unique<Timer>(wheel, handler);
  handler.then = [&] { timer.reset(); };
  timer->set(at(1ms));
  advance(wheel, at(1s));
  EXPECT_EQ(fired, Names{"a"});
}

TEST(TimerWheel, time_that_stands_still_or_runs_back_fires_nothing) {
  TimerWheel wheel(at(10s));
  Names fired;
  Recorder handler("a", fired);
  Timer timer(wheel, handler);
  timer.set(at(11s));
  advance(wheel, at(10500ms));
  advance(wheel, at(10500ms));
  advance(wheel, at(9s));
  EXPECT_EQ(fired, Names{});
  Timer passed(wheel, handler);
  passed.set(at(9500ms));
  EXPECT_EQ(wheel.next_wakeup(), at(10501ms)) << "no tick comes twice";
  passed.clear();
  advance(wheel, at(11s));
  EXPECT_EQ(fired, Names{"a"});
}

TEST(TimerWheelDeathTest, must_outlive_set_timers) {
  const auto destroy_too_early = [] {
    Names fired;
    Recorder handler("a", fired);
    auto wheel = std::make_unique<TimerWheel>(at(0s));
    Timer timer(*wheel, handler);
    timer.set(at(1s));
    wheel.reset();
  };
  EXPECT_DEATH(destroy_too_early(), "size_ == 0");
}

// The wheel beside the simplest thing that does the same: a list of due ticks, searched in full.
class Comparison {
 public:
  explicit Comparison(uint64_t seed)
      : random_(seed), now_(at(random_distance())), wheel_(now_), tick_(tick_of(now_)) {
    for (int i = 0; i < 40; ++i) entries_.push_back(std::make_unique<Entry>(*this));
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
  }

 private:
  static constexpr int64_t unset = std::numeric_limits<int64_t>::max();

  struct Entry final : TimerHandler {
    explicit Entry(Comparison& owner) : comparison(owner), timer(owner.wheel_, *this) {}
    void on_timer(Timer&) override { comparison.fired(*this); }
    Comparison& comparison;
    Timer timer;
    int64_t due = unset;  // tick
  };

  static int64_t tick_of(Instant instant) { return instant.time_since_epoch() / 1ms; }

  // As often short as long: up to 2^34 ms, sixteen times the wheel's reach.
  Duration random_distance() {
    const auto ticks = static_cast<int64_t>(random_.below(uint64_t{1} << random_.below(35)));
    return ticks * 1ms + static_cast<int64_t>(random_.below(1000000)) * 1ns;
  }

  int64_t earliest() const {
    int64_t due = unset;
    for (const auto& entry : entries_) due = std::min(due, entry->due);
    return due;
  }

  void change_one() {
    auto& entry = entries_[random_.below(entries_.size())];
    if (random_.chance(1, 8)) {
      entry->timer.clear();
      entry->due = unset;
    } else if (random_.chance(1, 8)) {
      entry = std::make_unique<Entry>(*this);
    } else {
      const Instant deadline = random_.chance(1, 10)
                                   ? now_ - std::min<Duration>(random_distance(), 10000h)
                                   : now_ + random_distance();
      entry->timer.set(deadline);
      const int64_t rounded_up = (deadline.time_since_epoch() + 1ms - 1ns) / 1ms;
      entry->due = std::max(rounded_up, tick_ + 1);
    }
  }

  void fired(Entry& entry) {
    EXPECT_FALSE(entry.timer.is_set());
    EXPECT_EQ(entry.due, earliest());
    EXPECT_LE(entry.due, tick_of(now_));
    tick_ = entry.due;
    entry.due = unset;
    // Also itself, and also what is due at the same tick.
    while (random_.chance(1, 3)) change_one();
  }

  void advance_to(Instant to) {
    now_ = to;
    advance(wheel_, now_);
    tick_ = tick_of(now_);
    EXPECT_GT(earliest(), tick_);
  }

  void step() {
    while (random_.chance(2, 3)) change_one();
    const Instant wakeup = wheel_.next_wakeup();
    EXPECT_GT(wakeup, now_);
    EXPECT_EQ(wakeup == never, earliest() == unset);
    EXPECT_TRUE(wakeup == never || tick_of(wakeup) <= earliest());
    if (wakeup != never && random_.chance(1, 2)) {
      // Nothing may happen before it.
      const size_t before = wheel_.size();
      advance(wheel_, std::max(now_, wakeup - 1ns));
      EXPECT_EQ(wheel_.size(), before);
      tick_ = tick_of(std::max(now_, wakeup - 1ns));
      advance_to(wakeup);
    } else {
      advance_to(now_ + random_distance());
    }
    const auto set = std::count_if(entries_.begin(), entries_.end(),
                                   [](const auto& entry) { return entry->timer.is_set(); });
    EXPECT_EQ(wheel_.size(), static_cast<size_t>(set));
  }

  Random random_;
  Instant now_;
  TimerWheel wheel_;
  int64_t tick_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

TEST(TimerWheel, behaves_as_a_searched_list_does) {
  for (uint64_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Comparison(seed).run(200);
  }
}

}  // namespace
}  // namespace daruma::io
