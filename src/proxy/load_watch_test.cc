// SPDX-License-Identifier: Apache-2.0
#include "proxy/load_watch.h"

#include <gtest/gtest.h>

namespace daruma::proxy {
namespace {

// For `time`, so many answers a second, each after `took`; how often a report was due.
struct Watched {
  int run(Duration time, int rate, Duration took, Duration behind = 0ms) {
    int due = 0;
    for (const Instant end = now + time; now < end; now += Duration(1s) / rate) {
      watch.on_sent(8);
      if (!watch.on_answered(now, model::AnswerTime::found_after(took, behind))) continue;
      ++due;
      last = watch.report(now);
    }
    return due;
  }
  LoadWatch watch;
  model::LoadReport last;
  Instant now = Instant{} + 1h;
};

TEST(LoadWatch, says_nothing_of_a_target_that_is_as_quick_as_ever) {
  Watched w;
  EXPECT_EQ(w.run(20s, 100, 20ms), 0);
  EXPECT_EQ(w.run(20s, 100, 50ms), 0);  // not much slower
  EXPECT_EQ(w.watch.limit(), model::LoadLetter::unlimited);
}

TEST(LoadWatch, reports_each_half_second_of_a_slow_target) {
  Watched w;
  w.run(20s, 100, 20ms);
  const int due = w.run(10s, 100, 200ms);
  EXPECT_GE(due, 18);
  EXPECT_LE(due, 20);
  EXPECT_TRUE(w.last.slow);
  EXPECT_GE(w.last.usual, 20ms);
  EXPECT_LT(w.last.usual, 21ms);
  EXPECT_EQ(w.last.most_in_flight, 8u);
  EXPECT_GE(w.last.answers, 2900u);
}

TEST(LoadWatch, reports_ten_times_a_second_when_it_was_told_to) {
  Watched w;
  w.run(20s, 100, 20ms);
  w.watch.on_letter(w.now, {.target = {}, .watched = true, .limit = 5, .lenient = true});
  EXPECT_EQ(w.watch.limit(), 5u);
  EXPECT_TRUE(w.watch.lenient());
  const int due = w.run(10s, 100, 20ms);
  EXPECT_GE(due, 99);
  EXPECT_LE(due, 101);
  EXPECT_FALSE(w.last.slow);
}

TEST(LoadWatch, tells_which_requests_were_sent_under_the_limit_of_now) {
  Watched w;
  w.watch.on_letter(w.now, {.target = {}, .watched = true, .limit = 5, .lowered = 1});
  w.run(1s, 10, 2s);  // sent before
  EXPECT_EQ(w.watch.report(w.now).fresh, 0u);
  w.run(1s, 10, 50ms);
  EXPECT_EQ(w.watch.report(w.now).fresh, 10u);
  EXPECT_EQ(w.watch.report(w.now).fresh_time.most, 500ms);
}

// The node found out that pages have become slower by themselves.
TEST(LoadWatch, takes_over_what_is_usual_for_the_node) {
  Watched w;
  w.run(20s, 100, 20ms);
  w.watch.on_letter(w.now, {.target = {}, .watched = true, .usual = 20ms});
  w.run(10s, 100, 250ms);
  w.watch.on_letter(w.now, {.target = {}, .usual = 200ms});
  EXPECT_EQ(w.run(20s, 100, 250ms), 0);
}

// Two seconds in which each turn of the worker takes as long as the target's answers: they may have
// been there at once, but nobody saw that.
TEST(LoadWatch, learns_nothing_from_a_busy_worker) {
  Watched w;
  w.run(2s, 1000, 20ms, 20ms);
  EXPECT_EQ(w.run(20s, 1000, 20ms), 0);
  EXPECT_EQ(w.run(20s, 1000, 400ms, 390ms), 0);
}

}  // namespace
}  // namespace daruma::proxy
