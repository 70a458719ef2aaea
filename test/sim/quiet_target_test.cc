// SPDX-License-Identifier: Apache-2.0
//
// A target that is asked little and answers all that it is left the time for: what is known of it
// when somebody asks again.
#include <gtest/gtest.h>

#include "sim/one_worker.h"

namespace daruma::sim {
namespace {

class QuietTarget : public testing::Test {
 protected:
  // It has been seen to answer soon.
  QuietTarget() {
    for (int i = 0; i < 3; ++i) ask_and_hear();
  }
  void ask_and_hear() {
    Peer& client = run_.connect();
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(run_.run_until([&] { return client.heard == run_.target_says; }));
  }
  OneWorker run_;
};

TEST_F(QuietTarget, is_not_blamed_for_requests_that_were_cancelled) {
  run_.target_takes = 100ms;
  for (int i = 0; i < 3; ++i) {
    Peer& client = run_.connect();
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_.run_for(50ms);
    client.hang_up();
  }
  run_.run_for(30s);
  run_.target_takes = 0s;
  ask_and_hear();
  EXPECT_EQ(run_.requests_to_targets(), 7u);
  EXPECT_EQ(run_.failures_told, 0u);
}

TEST_F(QuietTarget, is_not_blamed_for_requests_that_never_reached_it) {
  for (int i = 0; i < 3; ++i) {
    Peer& client = run_.connect();
    client.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n");
    run_.run_for(50ms);
    EXPECT_TRUE(client.heard.starts_with("HTTP/1.1 400 "));
  }
  run_.run_for(30s);
  ask_and_hear();
  EXPECT_EQ(run_.requests_to_targets(), 4u);
  EXPECT_EQ(run_.failures_told, 0u);
  EXPECT_EQ(run_.target_connections.size(), 1u);
}

// To the end of its patience each, and one after another.
TEST_F(QuietTarget, is_blamed_for_requests_that_waited_for_long) {
  run_.target_says = "";
  for (int i = 0; i < 3; ++i) {
    Peer& client = run_.connect();
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_.run_for(5s);
    client.hang_up();
    run_.run_for(1s);
  }
  run_.connect().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  run_.run_for(1s);
  EXPECT_EQ(run_.failures_told, 1u);
}

}  // namespace
}  // namespace daruma::sim
