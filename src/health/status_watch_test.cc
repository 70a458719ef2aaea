// SPDX-License-Identifier: Apache-2.0
#include "health/status_watch.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace daruma::health {
namespace {

StatusPage page(const std::string& slots) {
  const auto idle = std::count(slots.begin(), slots.end(), '_');
  const auto none = std::count(slots.begin(), slots.end(), '.');
  const auto busy = static_cast<long>(slots.size()) - idle - none;
  return {.end = StatusPage::End::whole,
          .code = 200,
          .text = "BusyWorkers: " + std::to_string(busy) +
                  "\nIdleWorkers: " + std::to_string(idle) + "\nScoreboard: " + slots + "\n"};
}

struct StatusWatchTest : testing::Test {
  StatusWatchTest() { watch.set_path("/server-status"); }
  bool take(const StatusPage& page, bool door_shut = true) {
    now += 20s;
    watch.asks(now);
    return watch.take(page, now, door_shut);
  }
  uint32_t most_after(std::initializer_list<const char*> boards) {
    watch.set_path("");
    watch.set_path("/server-status");
    for (const char* slots : boards) EXPECT_TRUE(take(page(slots)));
    return watch.status().workers_most;
  }

  StatusWatch watch;
  Instant now{100s};
};

TEST_F(StatusWatchTest, asks_at_once_and_then_now_and_then) {
  EXPECT_LE(watch.due(), now);
  take(page("W_"));
  EXPECT_EQ(watch.due(), now + model::scoreboard_gap);
  watch.set_path("");
  EXPECT_EQ(watch.due(), Instant::max());
}

TEST_F(StatusWatchTest, remembers_when_it_was_full) {
  take(page("WKK"));
  const Instant full_at = now;
  take(page("W__"));
  EXPECT_EQ(watch.status().latest.idle_workers, 2u);
  EXPECT_EQ(watch.status().full_at, full_at);
  EXPECT_EQ(watch.status().fullest.in(model::WorkerState::keep_alive), 2u);
}

TEST_F(StatusWatchTest, knows_how_many_workers_there_are_at_most_when_it_has_seen_it) {
  EXPECT_EQ(most_after({"WK__"}), 0u);
  EXPECT_EQ(most_after({"WKWW"}), 4u) << "no slot is left";
  EXPECT_EQ(most_after({"WKW....."}), 0u) << "more may be started";
  EXPECT_EQ(most_after({"WKW.....", "WWW....."}), 3u) << "none was, in twenty seconds";
  EXPECT_EQ(most_after({"WKW.....", "WWWWWW.."}), 0u);
  EXPECT_EQ(most_after({"WKW.....", "WW_.....", "WWW....."}), 0u) << "not in a row";
  EXPECT_EQ(most_after({"WKWS....", "WWWW...."}), 0u) << "one was being started";
  EXPECT_EQ(most_after({"WKWW", "W___"}), 4u) << "that stays";
  EXPECT_EQ(most_after({"WKW.....", "WWW.....", "WWWW...."}), 0u) << "it is told otherwise";
  EXPECT_EQ(most_after({"WKWG", "WKWG"}), 0u) << "one of before a restart";
}

TEST_F(StatusWatchTest, a_question_that_takes_the_last_place_is_no_proof_of_all) {
  for (int i = 0; i < 3; ++i) take(page("WKKKK....."), false);
  EXPECT_EQ(watch.status().workers_most, 0u);
  take(page("WKKKK....."), true);
  EXPECT_EQ(watch.status().workers_most, 0u);
  take(page("WKKKK....."), true);
  EXPECT_EQ(watch.status().workers_most, 5u);
}

TEST_F(StatusWatchTest, what_is_of_no_use_is_told_once_and_what_is_known_stays) {
  take(page("WKK"));
  const StatusPage forbidden{.end = StatusPage::End::whole, .code = 403, .text = "no"};
  EXPECT_TRUE(take(forbidden));
  EXPECT_EQ(watch.status().problem,
            "its status page was answered 403; mod_status has to let this node ask");
  EXPECT_FALSE(take(forbidden));
  EXPECT_FALSE(take({.end = StatusPage::End::no_answer}));
  EXPECT_EQ(watch.status().workers_most, 3u);
  EXPECT_TRUE(take(page("W__")));
  EXPECT_EQ(watch.status().problem, "");
  EXPECT_TRUE(take(forbidden));
}

TEST_F(StatusWatchTest, says_what_is_wrong) {
  struct Row {
    StatusPage page;
    const char* problem;
  };
  const Row rows[] = {
      {{},
       "its status page is asked for over the connection of a health check, and it closes that "
       "after the answer; turn keep-alive on there"},
      {{.end = StatusPage::End::no_answer}, "its status page was not answered in time"},
      {{.end = StatusPage::End::too_long}, "its status page is longer than a scoreboard can be"},
      {{.end = StatusPage::End::whole, .code = 200, .text = "<html>"},
       "its status page has no line BusyWorkers"},
  };
  for (const Row& row : rows) {
    take(page("W_"));
    EXPECT_TRUE(take(row.page));
    EXPECT_EQ(watch.status().problem, row.problem);
  }
}

TEST_F(StatusWatchTest, what_another_path_told_is_forgotten) {
  take(page("WKK"));
  watch.set_path("/status");
  EXPECT_FALSE(watch.status().known());
  EXPECT_LE(watch.due(), now);
}

}  // namespace
}  // namespace daruma::health
