// SPDX-License-Identifier: Apache-2.0
#include "proxy/keep_alive_habits.h"

#include <gtest/gtest.h>

#include <vector>

namespace daruma::proxy {
namespace {

constexpr uint64_t unlimited = KeepAliveHabits::unlimited;
constexpr Instant start = Instant{} + 1h;

TEST(KeepAliveHabits, a_number_of_requests_is_learned_when_it_repeats) {
  struct Row {
    std::vector<uint64_t> closed_after;
    uint64_t limit;
  };
  const Row rows[] = {
      {{}, unlimited},
      {{5, 5, 5}, unlimited},
      {{5, 5, 5, 5}, 5},
      {{1, 1, 1, 1}, 1},
      {{5, 5, 3, 5, 5}, unlimited},
      {{7, 100, 100, 100, 100, 100}, 100},
      {{5, 5, 5, 5, 3}, unlimited},  // lowered: learned anew
      {{5, 5, 5, 5, 3, 3, 3, 3}, 3},
      {{5, 5, 5, 5, 9}, 5},  // one that was let through
  };
  for (const Row& row : rows) {
    KeepAliveHabits habits;
    for (const uint64_t requests : row.closed_after) habits.on_closed_after(requests);
    EXPECT_EQ(habits.requests_limit(), row.limit) << testing::PrintToString(row.closed_after);
  }
}

TEST(KeepAliveHabits, a_number_of_requests_that_is_passed_is_forgotten) {
  KeepAliveHabits habits;
  for (int i = 0; i < 4; ++i) habits.on_closed_after(5);
  habits.on_good_after(5);
  EXPECT_EQ(habits.requests_limit(), 5u);
  habits.on_good_after(6);
  EXPECT_EQ(habits.requests_limit(), unlimited);
  for (int i = 0; i < 3; ++i) habits.on_closed_after(5);
  EXPECT_EQ(habits.requests_limit(), unlimited);
}

TEST(KeepAliveHabits, an_idle_time_is_learned_when_it_repeats) {
  struct Row {
    std::vector<Duration> closed_idle;  // a minute apart
    Duration limit;
    Duration allowance;
  };
  constexpr Duration none = Duration::max();
  const Row rows[] = {
      {{}, none, none},
      {{5s, 5s, 5s}, none, none},
      {{5100ms, 5s, 5900ms, 5500ms}, 5s, 4s},
      {{5s, 5s, 20s, 5s, 5s}, none, none},
      {{90s, 5s, 5s, 5s, 5s}, 5s, 4s},
      {{1s, 1s, 1s, 1s}, 1s, 500ms},
      {{5s, 5s, 5s, 5s, 30s, 30s, 30s, 30s}, 30s, 29s},
  };
  for (const Row& row : rows) {
    KeepAliveHabits habits;
    Instant now = start;
    for (const Duration idle : row.closed_idle) habits.on_closed_idle(now += 60s, idle);
    EXPECT_EQ(habits.idle_limit(), row.limit) << row.closed_idle.size();
    EXPECT_EQ(habits.idle_allowance(), row.allowance) << row.closed_idle.size();
  }
}

TEST(KeepAliveHabits, a_restart_teaches_nothing) {
  KeepAliveHabits habits;
  for (int i = 0; i < 50; ++i) habits.on_closed_idle(start + i * 1ms, 2s);
  EXPECT_EQ(habits.idle_limit(), Duration::max());
}

TEST(KeepAliveHabits, an_idle_time_that_is_passed_is_forgotten) {
  KeepAliveHabits habits;
  Instant now = start;
  for (int i = 0; i < 4; ++i) habits.on_closed_idle(now += 60s, 5s);
  habits.on_good_idle(5500ms);
  EXPECT_EQ(habits.idle_limit(), 5s);
  habits.on_good_idle(10s);
  EXPECT_EQ(habits.idle_limit(), Duration::max());
}

TEST(KeepAliveHabits, one_connection_in_sixteen_may_pass_a_limit) {
  KeepAliveHabits habits;
  int trials = 0;
  for (int i = 0; i < 160; ++i) trials += habits.take_trial();
  EXPECT_EQ(trials, 10);
}

}  // namespace
}  // namespace daruma::proxy
