// SPDX-License-Identifier: Apache-2.0
#include "app/top_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

namespace daruma::app {
namespace {

const std::string live = R"({"config": {"version": "0.1.0", "endpoint": "http://127.0.0.1:9090"},
  "state": {"time": 7500, "revision": 3,
    "node": {"healthy": true, "started": 0, "workers": 2, "workers_adopted": 2, "problems": []},
    "alarms": {"alarm": [{"name": "no-healthy-target", "reason": "none is"}], "ok": 5,
               "insufficient_data": 0},
    "load_balancers": {"web": {"requests": 120.04, "responses": [0, 118, 0, 0, 2],
      "own_responses": [0, 0, 0, 0, 2], "connections": 14, "received_bytes": 12345,
      "sent_bytes": 999, "p50_seconds": 0.004, "p99_seconds": 1.5, "standing": "critical",
      "sentence": "apache: 1 of 2 healthy"}},
    "target_groups": {"apache": {"requests": 118, "targets": 2, "healthy": 1,
      "p50_seconds": null, "standing": "warning", "sentence": "1 of 2 healthy",
      "advice": [{"text": "raise MaxRequestWorkers"}]}},
    "targets": {
      "apache|127.0.0.2:80": {"state": "healthy", "saturated": true, "in_flight": 2, "open": 2,
        "learned_limit": 2, "requests": 59},
      "apache|127.0.0.3:80": {"state": "unhealthy", "reason": "Target.Timeout",
        "description": "\u001b[2J\u009b2J\u007f said"},
      "other|127.0.0.4:80": {"state": "healthy"}}}})";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(TopFrame, shows_what_there_is) {
  const auto frame = top_frame(live, {.columns = 160, .clock = "10:20:03"});
  ASSERT_TRUE(frame);
  const auto lines = lines_of(*frame);
  EXPECT_EQ(lines[0],
            "daruma 0.1.0 at http://127.0.0.1:9090   revision 3   up 2h 5m   2 of 2 workers   "
            "10:20:03");
  const auto has = [&](const std::string& text) {
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(has("ALARM no-healthy-target: none is"));
  EXPECT_TRUE(has("web                               120   118.0") || has("     120     118"));
  EXPECT_TRUE(has("     4ms     1.5s   12.3K    999B"));
  EXPECT_TRUE(has("  apache: 1 of 2 healthy"));
  EXPECT_TRUE(has("1/2 healthy"));
  EXPECT_TRUE(has("  127.0.0.2:80               healthy, busy       59.0"));
  EXPECT_TRUE(has("    Target.Timeout ?[2J?2J? said"));
  EXPECT_TRUE(has("advice: raise MaxRequestWorkers"));
  EXPECT_FALSE(has("127.0.0.4"));  // its group is none of those shown
}

TEST(TopFrame, fits_the_terminal) {
  const auto frame = top_frame(live, {.columns = 60, .rows = 8});
  const auto lines = lines_of(*frame);
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_NE(lines.back().find(" more lines)"), std::string::npos);
  for (const std::string& line : lines) {
    const auto points = std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; });
    EXPECT_LE(points, 60) << line;
  }
  EXPECT_TRUE(lines[0].ends_with("…"));
}

TEST(TopFrame, has_escapes_only_where_they_are_wanted) {
  EXPECT_EQ(top_frame(live, {})->find('\x1b'), std::string::npos);
  const std::string colored = *top_frame(live, {.colors = true});
  EXPECT_NE(colored.find("\x1b[31m"), std::string::npos);
  EXPECT_EQ(colored.find("\x1b[2J"), std::string::npos);
}

TEST(TopFrame, knows_what_is_no_answer) {
  for (const char* text : {"", "not found", "[]", "{}", R"({"config": 1, "state": 2})"})
    EXPECT_FALSE(top_frame(text, {})) << text;
  EXPECT_TRUE(top_frame(R"({"config": {}, "state": {}})", {}));
}

}  // namespace
}  // namespace daruma::app
