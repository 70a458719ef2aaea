// SPDX-License-Identifier: Apache-2.0
#include "health/doorkeeper.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace daruma::health {
namespace {

constexpr uint32_t nobody = model::DoorLetter::nobody;

// One step: what a worker reports, or that time passes, and what the door is like then.
struct Step {
  Duration after{};
  // "1 sk 5": worker 1 finds it shut and is knocking, 5 wait, "1 s 5 20": and 20 are inside; "":
  // only time passes.
  const char* report;
  const char*
      door;  // "" for open, "suspected", "slow", or full and whose turn it is: "1", "nobody"
};

model::DoorReport report_of(const std::string& text) {
  std::istringstream words(text);
  std::string flags;
  model::DoorReport report;
  words >> report.worker >> flags >> report.waiting >> report.inside;
  report.shut = flags.find('s') != std::string::npos;
  report.knocking = flags.find('k') != std::string::npos;
  return report;
}

std::string door_of(const Doorkeeper& keeper) {
  const std::string turn = keeper.knocker() == nobody ? "nobody" : std::to_string(keeper.knocker());
  switch (keeper.state()) {
    case model::DoorState::open:
      return turn == "nobody" ? "" : "a turn without need";
    case model::DoorState::suspected:
      return turn == "nobody" ? "suspected" : "a turn without need";
    case model::DoorState::slow:
      return turn == "nobody" ? "slow" : "a turn without need";
    case model::DoorState::full:
      break;
  }
  return turn;
}

class Story {
 public:
  void expect(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      SCOPED_TRACE(testing::Message() << "step " << ++steps_ << ": " << step.report);
      const std::string before = door_of(keeper_);
      const bool wanted_before = keeper_.wanted();
      now_ += step.after;
      const bool news = std::string(step.report).empty()
                            ? keeper_.look(now_)
                            : keeper_.take(report_of(step.report), now_);
      EXPECT_EQ(door_of(keeper_), step.door);
      EXPECT_EQ(news, door_of(keeper_) != before || keeper_.wanted() != wanted_before);
    }
  }

 private:
  Doorkeeper keeper_{3};
  Instant now_ = Instant{} + 1h;
  int steps_ = 0;
};

void expect_story(const std::vector<Step>& steps) {
  Story().expect(steps);
}

// It was found shut by worker 0, who knocked for a second in vain and has just stopped.
void expect_story_of_a_full_target(const std::vector<Step>& steps) {
  Story story;
  story.expect({{0s, "1 - 0", ""},
                {0s, "2 - 0", ""},
                {0s, "0 sk 1", "suspected"},
                {500ms, "1 - 0", "suspected"},
                {0s, "2 - 0", "suspected"},
                {0s, "0 sk 1", "suspected"},
                {500ms, "0 sk 1", "0"},
                {0s, "1 - 0", "0"},
                {0s, "2 - 0", "0"},
                {0s, "0 s 0", "nobody"}});
  story.expect(steps);
}

TEST(Doorkeeper, it_is_shut_as_long_as_any_worker_says_so) {
  expect_story({{0s, "0 - 9", ""},
                {0s, "0 s 9", "suspected"},
                {0s, "1 s 0", "suspected"},
                {0s, "0 - 9", "suspected"},
                {0s, "1 - 0", ""}});
}

// Whoever has a place to spare should not keep it until it is known whether there are more.
TEST(Doorkeeper, a_place_is_wanted_as_soon_as_it_may_be_full) {
  Doorkeeper keeper(2);
  const Instant now = Instant{} + 1h;
  keeper.take(report_of("0 sk 0 20"), now);
  EXPECT_FALSE(keeper.wanted());
  EXPECT_TRUE(keeper.take(report_of("1 - 3 10"), now));
  EXPECT_EQ(door_of(keeper), "suspected");
  EXPECT_TRUE(keeper.wanted());
  EXPECT_TRUE(keeper.take(report_of("1 - 0 10"), now));
  EXPECT_FALSE(keeper.wanted());
}

TEST(Doorkeeper, is_full_when_nobody_has_come_in_for_a_second_but_for_one_who_left) {
  expect_story({{0s, "0 sk 9 20", "suspected"},
                {0s, "1 - 1 10", "suspected"},
                {400ms, "0 s 9 19", "suspected"},
                {5ms, "0 sk 9 20", "suspected"},
                {500ms, "1 - 1 10", "suspected"},
                {94ms, "0 sk 9 20", "suspected"},
                {1ms, "0 sk 9 20", "0"}});
}

TEST(Doorkeeper, where_the_number_inside_tells_nothing_shut_is_full) {
  Doorkeeper keeper(2);
  model::DoorReport report = report_of("0 sk 9 20");
  report.shows_places = false;
  EXPECT_TRUE(keeper.take(report, Instant{} + 1s));
  EXPECT_EQ(door_of(keeper), "0");
}

TEST(Doorkeeper, is_slow_when_connections_come_in_though_nobody_has_left) {
  expect_story({{0s, "0 sk 9 20", "suspected"},
                {299ms, "0 sk 9 22", "suspected"},  // it had just let them in
                {1ms, "0 sk 9 23", "suspected"},
                {50ms, "", "slow"},
                {900ms, "0 sk 9 23", "slow"},  // it has not heard of that yet
                {0s, "0 - 9 23", ""}});
}

TEST(Doorkeeper, a_place_that_passes_from_one_worker_to_another_is_no_new_one) {
  expect_story({{0s, "0 sk 9 20", "suspected"},
                {0s, "1 - 1 10", "suspected"},
                {400ms, "0 sk 9 21", "suspected"},
                {49ms, "1 - 1 9", "suspected"},
                {51ms, "", "suspected"}});
}

TEST(Doorkeeper, a_full_target_that_grows_has_to_prove_itself_again) {
  expect_story_of_a_full_target({{0s, "0 sk 1 1", "0"},
                                 {50ms, "0 sk 1 1", "suspected"},
                                 {500ms, "0 sk 1 1", "suspected"},
                                 {500ms, "0 sk 1 1", "0"}});
}

TEST(Doorkeeper, without_requests_that_wait_nothing_is_proved) {
  expect_story({{0s, "0 sk 0 20", "suspected"},
                {900ms, "0 sk 0 20", "suspected"},
                {900ms, "0 sk 0 20", "suspected"},
                {0s, "0 s 1 20", "suspected"},
                {0s, "0 sk 1 20", "0"}});
}

TEST(Doorkeeper, a_slow_target_may_be_suspected_again_after_a_second) {
  expect_story({{0s, "0 sk 9 20", "suspected"},
                {300ms, "0 sk 9 23", "suspected"},
                {50ms, "0 sk 9 23", "slow"},
                {999ms, "0 sk 9 23", "slow"},
                {1ms, "0 sk 9 23", "suspected"}});
}

TEST(Doorkeeper, the_turn_is_of_the_worker_with_most_waiting) {
  expect_story_of_a_full_target(
      {{0s, "0 s 2", "0"}, {0s, "1 - 7", "0"}, {0s, "2 - 3", "0"}, {0s, "0 s 0", "1"}});
}

TEST(Doorkeeper, who_knocks_already_keeps_its_place) {
  expect_story_of_a_full_target({{0s, "1 sk 1", "1"}, {0s, "0 s 50", "1"}});
}

TEST(Doorkeeper, without_demand_it_is_nobodys_turn_and_new_demand_gets_it) {
  expect_story_of_a_full_target({{0s, "0 s 0", "nobody"}, {0s, "2 - 1", "2"}});
}

TEST(Doorkeeper, the_turn_passes_when_the_connection_is_in) {
  expect_story_of_a_full_target({{0s, "0 s 5", "0"},
                                 {0s, "1 - 5", "0"},
                                 {1ms, "0 s 6", "0"},   // it had not heard of its turn yet
                                 {1ms, "0 sk 6", "0"},  // now it knocks
                                 {9s, "0 sk 9", "0"},   // however long that takes
                                 {0s, "1 - 5", "0"},
                                 {1ms, "0 s 5", "1"},  // in, or gone
                                 {1ms, "1 k 5", "1"},
                                 {1ms, "1 - 5", "0"}});  // equal need: who had it longest ago
}

TEST(Doorkeeper, more_need_goes_before_having_waited_longer) {
  expect_story_of_a_full_target({{0s, "0 s 9", "0"},
                                 {0s, "1 - 2", "0"},
                                 {0s, "0 sk 9", "0"},
                                 {0s, "0 s 8", "0"},
                                 {0s, "0 sk 8", "0"},
                                 {0s, "0 s 1", "1"}});
}

TEST(Doorkeeper, a_turn_without_need_passes) {
  expect_story_of_a_full_target(
      {{0s, "0 s 5", "0"}, {0s, "1 - 1", "0"}, {1ms, "0 s 0", "1"}, {0s, "1 - 0", "nobody"}});
}

TEST(Doorkeeper, a_turn_that_is_not_used_passes) {
  expect_story_of_a_full_target({{0s, "0 s 5", "0"},
                                 {900ms, "1 - 1", "0"},
                                 {50ms, "0 s 5", "0"},
                                 {49ms, "", "0"},
                                 {1ms, "", "1"},
                                 {10ms, "1 k 1", "1"}});
}

TEST(Doorkeeper, an_unused_turn_stays_where_nobody_else_wants_it) {
  expect_story_of_a_full_target({{0s, "0 s 5", "0"}, {999ms, "0 s 5", "0"}, {1ms, "0 s 5", "0"}});
}

TEST(Doorkeeper, a_worker_that_is_silent_for_a_second_has_no_say) {
  expect_story_of_a_full_target({{0s, "0 sk 5", "0"},
                                 {500ms, "1 s 1", "0"},
                                 {499ms, "", "0"},
                                 {1ms, "", "1"},     // the knocker stands still
                                 {500ms, "", ""}});  // and so does the other
}

TEST(Doorkeeper, a_place_is_wanted_while_requests_of_any_worker_wait) {
  Doorkeeper keeper(2);
  model::DoorReport report = report_of("0 sk 1 20");
  report.shows_places = false;  // shut is full
  EXPECT_TRUE(keeper.take(report, Instant{} + 1s));
  EXPECT_TRUE(keeper.wanted());
  report.waiting = 0;
  EXPECT_TRUE(keeper.take(report, Instant{} + 1s));
  EXPECT_FALSE(keeper.wanted());
  report.worker = 1;
  report.waiting = 1;
  EXPECT_TRUE(keeper.take(report, Instant{} + 1s));
  EXPECT_TRUE(keeper.wanted());
  EXPECT_FALSE(keeper.take(report, Instant{} + 1s));
}

TEST(Doorkeeper, adds_up_what_waits) {
  Doorkeeper keeper(2);
  keeper.take(report_of("0 s 5"), Instant{} + 1s);
  keeper.take(report_of("1 - 7"), Instant{} + 2s);
  EXPECT_EQ(keeper.waiting(), 12u);
  keeper.look(Instant{} + 2500ms);
  EXPECT_EQ(keeper.waiting(), 7u);
}

}  // namespace
}  // namespace daruma::health
