// SPDX-License-Identifier: Apache-2.0
#include "io/epoll_loop.h"

#include <gtest/gtest.h>

#include <thread>

#include "io/loopback_for_test.h"

namespace daruma::io {
namespace {

struct TimerRecorder final : TimerHandler {
  explicit TimerRecorder(EpollLoop& owner) : loop(owner) {}
  void on_timer(Timer& timer) override {
    fired.push_back(&timer);
    fired_at.push_back(loop.now());
    if (then) then();
  }
  EpollLoop& loop;
  std::vector<Timer*> fired;
  std::vector<Instant> fired_at;
  std::function<void()> then;
};

struct Step final : Task {
  explicit Step(std::function<void()> does) : action(std::move(does)) {}
  void run() override { action(); }
  std::function<void()> action;
};

struct WakeCounter final : WakeHandler {
  void on_wake() override {
    ++wakes;
    if (then) then();
  }
  int wakes = 0;
  std::function<void()> then;
};

TEST(EpollLoop, timers_fire_in_order_and_never_early) {
  EpollLoop loop(1);
  TimerRecorder recorder(loop);
  Timer a(loop.timers(), recorder), b(loop.timers(), recorder), c(loop.timers(), recorder);
  const Instant start = loop.now();
  const std::vector<std::pair<Timer*, Duration>> plan = {{&c, 70ms}, {&a, 1500us}, {&b, 20ms}};
  for (const auto& [timer, delay] : plan) timer->set(start + delay);
  ASSERT_TRUE(turn_until(loop, [&] { return recorder.fired.size() == 3; }));
  EXPECT_EQ(recorder.fired, (std::vector<Timer*>{&a, &b, &c}));
  EXPECT_GE(recorder.fired_at[0], start + 1500us);
  EXPECT_GE(recorder.fired_at[1], start + 20ms);
  EXPECT_GE(recorder.fired_at[2], start + 70ms);
}

TEST(EpollLoop, is_behind_by_what_it_did_and_not_by_what_it_slept) {
  EpollLoop loop(1);
  loop.turn(0ms);
  Step work([] { std::this_thread::sleep_for(20ms); });  // a handler's time
  loop.call_soon(work);
  loop.turn(0ms);
  loop.turn(0ms);
  EXPECT_GE(loop.behind(), 20ms);
  const Instant before = loop.now();
  loop.turn(50ms);
  EXPECT_LE(loop.behind(), loop.now() - before - 50ms);
}

TEST(EpollLoop, sleeps_until_a_timer_is_due_instead_of_spinning) {
  EpollLoop loop(1);
  TimerRecorder recorder(loop);
  Timer timer(loop.timers(), recorder);
  timer.set(loop.now() + 100ms);
  int turns = 0;
  while (recorder.fired.empty()) {
    loop.turn();
    ++turns;
  }
  EXPECT_LE(turns, 3);  // one cascade of the wheel, the deadline, and a stray signal
}

TEST(EpollLoop, tests_may_limit_the_sleep) {
  EpollLoop loop(1);
  const Instant before = loop.now();
  loop.turn(2ms);
  EXPECT_GE(loop.now(), before + 2ms);
}

TEST(EpollLoop, time_stands_still_within_a_turn) {
  EpollLoop loop(1);
  Instant seen[2];
  WallTime wall_seen[2];
  TimerRecorder recorder(loop);
  Timer timer(loop.timers(), recorder);
  Step later([&] {
    seen[1] = loop.now();
    wall_seen[1] = loop.wall_now();
  });
  recorder.then = [&] {
    seen[0] = loop.now();
    wall_seen[0] = loop.wall_now();
    std::this_thread::yield();
    loop.call_soon(later);
  };
  timer.set(loop.now());
  while (recorder.fired.empty()) loop.turn();
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(wall_seen[0], wall_seen[1]);
  const WallTime wall_before = loop.wall_now();
  loop.turn(2ms);
  EXPECT_GT(loop.now(), seen[0]);
  EXPECT_NE(loop.wall_now(), wall_before);
  EXPECT_GT(loop.wall_now(), WallTime(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)));
}

TEST(EpollLoop, tasks_run_before_it_sleeps) {
  EpollLoop loop(1);
  int ran = 0;
  Step from_timer([&] { ++ran; });
  Step from_outside([&] { ++ran; });
  TimerRecorder recorder(loop);
  Timer timer(loop.timers(), recorder);
  recorder.then = [&] { loop.call_soon(from_timer); };
  loop.call_soon(from_outside);
  loop.turn();  // would sleep for ever if it forgot the task
  EXPECT_EQ(ran, 1);
  timer.set(loop.now());
  while (recorder.fired.empty()) loop.turn();
  EXPECT_EQ(ran, 2);
}

// As the simulation does: what a timer ends is gone before the next one fires.
TEST(EpollLoop, each_timer_is_an_event_of_its_own) {
  EpollLoop loop(1);
  std::string order;
  Step grave([&] { order += "grave "; });
  Step end_of_turn([&] { order += "end "; });
  TimerRecorder recorder(loop);
  Timer first(loop.timers(), recorder), second(loop.timers(), recorder);
  recorder.then = [&] {
    order += "timer ";
    loop.call_after_event(grave);
    loop.call_soon(end_of_turn);
  };
  for (Timer* timer : {&first, &second}) timer->set(loop.now());
  while (recorder.fired.size() < 2) loop.turn();
  EXPECT_EQ(order, "timer grave timer grave end ");
}

TEST(EpollLoop, chance_follows_the_seed) {
  EpollLoop a(5), b(5), c(6);
  const uint64_t first = a.random().next();
  EXPECT_EQ(first, b.random().next());
  EXPECT_NE(first, c.random().next());
  EXPECT_NE(EpollLoop::system_seed(), EpollLoop::system_seed());
}

TEST(EpollLoop, stop_before_run_is_not_lost) {
  EpollLoop loop(1);
  loop.stop();
  loop.run();
  // And is used up by it.
  int ran = 0;
  Step step([&] {
    ++ran;
    loop.stop();
  });
  loop.call_soon(step);
  loop.run();
  EXPECT_EQ(ran, 1);
}

TEST(EpollLoop, another_thread_stops_it_while_it_sleeps) {
  EpollLoop loop(1);
  std::thread thread([&] { loop.run(); });
  loop.stop();
  thread.join();
}

TEST(Waker, wakes_from_another_thread) {
  EpollLoop loop(1);
  WakeCounter counter;
  const auto waker = loop.make_waker(counter);
  counter.then = [&] { loop.stop(); };
  std::thread thread([&] { waker->wake(); });
  loop.run();
  thread.join();
  EXPECT_EQ(counter.wakes, 1);
}

TEST(Waker, several_wakes_before_a_turn_become_one) {
  EpollLoop loop(1);
  WakeCounter counter;
  const auto waker = loop.make_waker(counter);
  for (int i = 0; i < 5; ++i) waker->wake();
  EXPECT_EQ(counter.wakes, 0);
  settle(loop);
  EXPECT_EQ(counter.wakes, 1);
}

TEST(Waker, loop_sleeps_again_after_a_wake) {
  EpollLoop loop(1);
  WakeCounter counter;
  const auto waker = loop.make_waker(counter);
  waker->wake();
  settle(loop);
  const Instant before = loop.now();
  loop.turn(2ms);
  EXPECT_GE(loop.now(), before + 2ms);
}

TEST(Waker, every_later_wake_counts_again) {
  EpollLoop loop(1);
  WakeCounter counter;
  const auto waker = loop.make_waker(counter);
  for (int i = 1; i <= 100; ++i) {
    waker->wake();
    loop.turn();
    ASSERT_EQ(counter.wakes, i);
  }
}

TEST(Waker, wake_from_within_on_wake_leads_to_another) {
  EpollLoop loop(1);
  WakeCounter counter;
  const auto waker = loop.make_waker(counter);
  counter.then = [&] {
    if (counter.wakes < 3) waker->wake();
  };
  waker->wake();
  ASSERT_TRUE(turn_until(loop, [&] { return counter.wakes == 3; }));
  settle(loop);
  EXPECT_EQ(counter.wakes, 3);
}

TEST(Waker, only_the_woken_hears) {
  EpollLoop loop(1);
  WakeCounter a, b, c;
  const auto wake_a = loop.make_waker(a);
  const auto wake_b = loop.make_waker(b);
  const auto wake_c = loop.make_waker(c);
  wake_a->wake();
  wake_c->wake();
  settle(loop);
  EXPECT_EQ(a.wakes, 1);
  EXPECT_EQ(b.wakes, 0);
  EXPECT_EQ(c.wakes, 1);
}

TEST(Waker, handler_may_destroy_and_make_wakers) {
  EpollLoop loop(1);
  WakeCounter a, b, fresh;
  auto wake_a = loop.make_waker(a);
  auto wake_b = loop.make_waker(b);
  std::unique_ptr<Waker> wake_fresh;
  // Whichever comes first ends both and makes another.
  const auto replace = [&] {
    wake_a.reset();
    wake_b.reset();
    wake_fresh = loop.make_waker(fresh);
    wake_fresh->wake();
  };
  a.then = b.then = replace;
  wake_a->wake();
  wake_b->wake();
  ASSERT_TRUE(turn_until(loop, [&] { return fresh.wakes == 1; }));
  EXPECT_EQ(a.wakes + b.wakes, 1);
}

TEST(EpollLoopDeathTest, must_outlive_its_sockets) {
  const auto destroy_too_early = [] {
    auto loop = std::make_unique<EpollLoop>(1);
    Keeper keeper;
    const auto acceptor = listen_on_loopback(*loop, keeper);
    loop.reset();
  };
  EXPECT_DEATH(destroy_too_early(), "watched_ == 0");
}

}  // namespace
}  // namespace daruma::io
