// SPDX-License-Identifier: Apache-2.0
#include "proxy/failure_streak.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace daruma::proxy {
namespace {

using Where = FailureStreak::Where;

TEST(FailureStreak, is_told_for_the_first_and_whenever_it_has_doubled) {
  FailureStreak streak;
  std::vector<uint32_t> told;
  for (int i = 0; i < 20; ++i) {
    if (streak.on_failure(Where::later)) told.push_back(streak.length());
  }
  EXPECT_EQ(told, (std::vector<uint32_t>{1, 2, 4, 8, 16}));
  streak.on_success();
  EXPECT_EQ(streak.length(), 0u);
  EXPECT_TRUE(streak.on_failure(Where::later));
}

TEST(FailureStreak, a_failing_target_is_tried_once_a_second) {
  FailureStreak streak;
  const Instant now = Instant{} + 1h;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(streak.failing());
    streak.on_failure(Where::later);
  }
  EXPECT_TRUE(streak.failing());
  EXPECT_TRUE(streak.take_trial(now));
  EXPECT_FALSE(streak.take_trial(now + 999ms));
  EXPECT_TRUE(streak.take_trial(now + 1s));
}

// a(sked), h(eard), s(uccess), o(pened), k(ernel accepts),
// w(ithdrawn), r(efused: failed at opening), c(losed without an answer),
// "." 100 ms pass.
struct Row {
  const char* events;
  bool failing;
  bool silent;  // for 300 ms and more
};

TEST(FailureStreak, by_table) {
  const Row rows[] = {
      {"", false, false},           {"rr", false, false},
      {"rrr", true, false},         {"rcr", true, false},
      {"rrsr", false, false},       {"rrro", false, false},  // it listens again
      {"ccco", true, false},                                 // it did all the time
      {"rrroc", false, false},      {"aaa", false, false},
      {"aaa..", false, false},      {"aaa...", false, true},
      {"a...", false, false},       {"aa...", false, false},
      {"a...aa", false, true},      {"aah...aa", false, false},
      {"aaa...h", false, false},    {"aaa...s", false, false},
      {"aaa...k", false, false},    {"aaa...ka", false, true},
      {"aaaw...", false, false},    {"aaaw...a", false, true},
      {"awawaw...a", false, false}, {"k", false, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.events);
    FailureStreak streak;
    Instant now = Instant{} + 1h;
    uint32_t asked_into = 0;
    for (const char event : std::string(row.events)) {
      if (event == 'a') asked_into = streak.on_asked(now);
      if (event == 'w') streak.on_withdrawn(asked_into);
      if (event == 'h') streak.on_heard();
      if (event == 's') streak.on_success();
      if (event == 'o') streak.on_opened();
      if (event == 'k') streak.on_kernel_answered();
      if (event == 'r') streak.on_failure(Where::at_opening);
      if (event == 'c') streak.on_failure(Where::later);
      if (event == '.') now += 100ms;
    }
    EXPECT_EQ(streak.failing(), row.failing);
    EXPECT_EQ(streak.silent(now, 300ms), row.silent);
  }
}

TEST(FailureStreak, who_leaves_after_an_answer_takes_nothing_from_who_asked_since) {
  FailureStreak streak;
  const Instant now = Instant{} + 1h;
  const uint32_t before = streak.on_asked(now);
  streak.on_success();
  for (int i = 0; i < 3; ++i) streak.on_asked(now);
  streak.on_withdrawn(before);
  EXPECT_TRUE(streak.silent(now + 1s, 1s));
}

TEST(FailureStreak, who_leaves_it_counts_once_in_each_silence) {
  FailureStreak streak;
  EXPECT_TRUE(streak.on_left());
  EXPECT_FALSE(streak.on_left());
  streak.on_heard();
  EXPECT_TRUE(streak.on_left());
  EXPECT_FALSE(streak.on_left());
}

// How often in that time, asked every 10 ms.
int knocks(FailureStreak& streak, Instant& now, Duration time) {
  int knocks = 0;
  for (const Instant end = now + time; now < end; now += 10ms) knocks += streak.take_knock(now);
  return knocks;
}

TEST(FailureStreak, knocks_less_and_less_until_it_answers) {
  FailureStreak streak;
  Instant now = Instant{} + 1h;
  EXPECT_EQ(knocks(streak, now, 1s), 8);
  EXPECT_EQ(knocks(streak, now, 9s), 18);
  EXPECT_LE(knocks(streak, now, 60s), 61);
  streak.on_success();
  now += 1s;
  EXPECT_EQ(knocks(streak, now, 1s), 8);
}

}  // namespace
}  // namespace daruma::proxy
