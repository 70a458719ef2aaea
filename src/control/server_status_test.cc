// SPDX-License-Identifier: Apache-2.0
#include "control/server_status.h"

#include <gtest/gtest.h>

namespace daruma::control {
namespace {

using model::Scoreboard;

Scoreboard board(uint32_t busy, uint32_t idle, const std::string& slots) {
  const auto parsed = model::parse_scoreboard("BusyWorkers: " + std::to_string(busy) +
                                              "\nIdleWorkers: " + std::to_string(idle) +
                                              "\nScoreboard: " + slots + "\n");
  EXPECT_TRUE(parsed);
  return parsed.value_or(Scoreboard{});
}

TEST(ServerStatus, a_scoreboard_is_told_in_a_line) {
  EXPECT_EQ(text_of(board(20, 0, "WWWWWWWWWWWWKKKKKKKK")),
            "all 20 workers busy: 12 sending, 8 in keep-alive");
  EXPECT_EQ(text_of(board(2, 3, "WR___...")),
            "2 of 5 workers busy: 1 reading a request, 1 sending, 3 idle");
  EXPECT_EQ(text_of(board(0, 2, "__")), "0 of 2 workers busy, 2 idle");
}

TEST(ServerStatus, a_note_tells_when_and_the_most_there_are) {
  ServerNote note{"app", "127.0.0.2:8443", {}, Instant{100s}};
  EXPECT_EQ(text_of(note),
            "The server of 127.0.0.2:8443 (target group app) has not been asked for its status "
            "page yet.\n");
  note.status.latest = board(1, 3, "W___");
  note.status.at = Instant{98s};
  note.status.fullest = board(4, 0, "WWKK");
  note.status.full_at = Instant{60s};
  note.status.workers_most = 4;
  EXPECT_EQ(text_of(note),
            "The server of 127.0.0.2:8443 (target group app), 2.0 s ago: 1 of 4 workers busy: 1 "
            "sending, 3 idle; more than 4 it never has (MaxRequestWorkers 4); when it was full "
            "last, 40 s ago: all 4 workers busy: 2 sending, 2 in keep-alive.\n");
  note.status.problem = "its status page was answered 403";
  EXPECT_TRUE(text_of(note).ends_with(
      "2 sending, 2 in keep-alive; since then: its status page was answered 403.\n"));
  note.status = {};
  note.status.problem = "its status page was answered 403";
  EXPECT_EQ(text_of(note),
            "The server of 127.0.0.2:8443 (target group app): its status page was answered 403.\n");
}

TEST(ServerStatus, programs_get_the_same) {
  model::ServerStatus status;
  EXPECT_EQ(json_of(status, Instant{5s}).dump(),
            R"({"Latest":null,"LastFull":null,"MaxRequestWorkers":null,"Problem":null})");
  status.latest = status.fullest = board(2, 0, "WK.");
  status.at = status.full_at = Instant{3s};
  status.workers_most = 2;
  const auto json = json_of(status, Instant{5s});
  EXPECT_EQ(json["MaxRequestWorkers"], 2);
  EXPECT_EQ(json["Latest"].dump(), R"({"SecondsAgo":2.0,"BusyWorkers":2,"IdleWorkers":0,"Slots":3,)"
                                   R"("States":{"sending":1,"keep_alive":1,"no_process":1}})");
}

}  // namespace
}  // namespace daruma::control
