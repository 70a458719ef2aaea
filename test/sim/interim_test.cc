// SPDX-License-Identifier: Apache-2.0
//
// Targets that have much to say before they answer.
#include <gtest/gtest.h>

#include "model/limits.h"
#include "sim/one_worker.h"

namespace daruma::sim {
namespace {

std::string interim_responses(size_t bytes) {
  const std::string one = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string all;
  while (all.size() + one.size() <= bytes) all += one;
  return all;
}

TEST(Interim, responses_pass_up_to_a_limit) {
  OneWorker run;
  run.target_says = interim_responses(model::limits::interim_responses_bytes_max) +
                    "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n";
  Peer& client = run.connect();
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run.run_until([&] { return !client.heard.empty(); }));
  EXPECT_TRUE(client.heard.starts_with("HTTP/1.1 204 ")) << client.heard;
}

// Each would prolong the wait, and all that have come would be looked at in one turn.
TEST(Interim, responses_without_end_are_no_answer) {
  OneWorker run;
  run.target_says = interim_responses(1'000'000);
  Peer& client = run.connect();
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run.run_until([&] { return !client.heard.empty(); }));
  EXPECT_TRUE(client.heard.starts_with("HTTP/1.1 502 ")) << client.heard;
  ASSERT_EQ(run.log_lines.size(), 1u);
  EXPECT_NE(run.log_lines[0].find("target_response_head_too_large"), std::string::npos);
}

}  // namespace
}  // namespace daruma::sim
