// SPDX-License-Identifier: Apache-2.0
#include "health/doorkeeper.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace daruma::health {
namespace {

constexpr uint32_t nobody = model::DoorLetter::nobody;

// One step: what a worker reports, or that time passes, and what the door is like then.
struct Step {
  Duration after{};
  const char* report;  // "1 sk 5": worker 1, saturated and knocking, 5 wait; "": only time passes
  const char* door;    // "" for not saturated, else whose turn it is: "1", "nobody"
};

model::DoorReport report_of(const std::string& text) {
  const size_t flags_end = text.rfind(' ');
  const std::string flags = text.substr(2, flags_end - 2);
  return {.worker = static_cast<uint32_t>(text[0] - '0'),
          .target = {},
          .saturated = flags.find('s') != std::string::npos,
          .knocking = flags.find('k') != std::string::npos,
          .waiting = static_cast<uint32_t>(std::stoi(text.substr(flags_end + 1)))};
}

std::string door_of(const Doorkeeper& keeper) {
  if (!keeper.saturated()) return keeper.knocker() == nobody ? "" : "a turn without need";
  return keeper.knocker() == nobody ? "nobody" : std::to_string(keeper.knocker());
}

void expect_story(const std::vector<Step>& steps) {
  Doorkeeper keeper(3);
  Instant now = Instant{} + 1h;
  for (size_t i = 0; i < steps.size(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i) + ": " + steps[i].report);
    const std::string before = door_of(keeper);
    now += steps[i].after;
    const bool news = std::string(steps[i].report).empty()
                          ? keeper.look(now)
                          : keeper.take(report_of(steps[i].report), now);
    EXPECT_EQ(door_of(keeper), steps[i].door);
    EXPECT_EQ(news, door_of(keeper) != before);
  }
}

TEST(Doorkeeper, is_saturated_as_long_as_any_worker_says_so) {
  expect_story({{0s, "0 - 9", ""},
                {0s, "0 s 9", "0"},
                {0s, "1 s 0", "0"},
                {0s, "0 - 9", "0"},
                {0s, "1 - 0", ""}});
}

TEST(Doorkeeper, the_turn_is_of_the_worker_with_most_waiting) {
  expect_story({{0s, "0 - 2", ""}, {0s, "1 - 7", ""}, {0s, "2 s 3", "1"}});
}

TEST(Doorkeeper, who_knocks_already_keeps_its_place) {
  expect_story({{0s, "0 - 9", ""}, {0s, "1 sk 1", "1"}, {0s, "0 - 50", "1"}});
}

TEST(Doorkeeper, without_demand_it_is_nobodys_turn_and_new_demand_gets_it) {
  expect_story({{0s, "0 s 0", "nobody"}, {0s, "2 - 1", "2"}});
}

TEST(Doorkeeper, the_turn_passes_when_the_connection_is_in) {
  expect_story({{0s, "0 s 5", "0"},
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
  expect_story({{0s, "0 s 9", "0"},
                {0s, "1 - 2", "0"},
                {0s, "0 sk 9", "0"},
                {0s, "0 s 8", "0"},
                {0s, "0 sk 8", "0"},
                {0s, "0 s 1", "1"}});
}

TEST(Doorkeeper, a_turn_without_need_passes) {
  expect_story(
      {{0s, "0 s 5", "0"}, {0s, "1 - 1", "0"}, {1ms, "0 s 0", "1"}, {0s, "1 - 0", "nobody"}});
}

TEST(Doorkeeper, a_turn_that_is_not_used_passes) {
  expect_story({{0s, "0 s 5", "0"},
                {900ms, "1 - 1", "0"},
                {50ms, "0 s 5", "0"},
                {49ms, "", "0"},
                {1ms, "", "1"},
                {10ms, "1 k 1", "1"}});
}

TEST(Doorkeeper, an_unused_turn_stays_where_nobody_else_wants_it) {
  expect_story({{0s, "0 s 5", "0"}, {999ms, "0 s 5", "0"}, {1ms, "0 s 5", "0"}});
}

TEST(Doorkeeper, a_worker_that_is_silent_for_a_second_has_no_say) {
  expect_story({{0s, "0 sk 5", "0"},
                {500ms, "1 s 1", "0"},
                {499ms, "", "0"},
                {1ms, "", "1"},     // the knocker stands still
                {500ms, "", ""}});  // and so does the other
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
