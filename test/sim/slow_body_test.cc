// SPDX-License-Identifier: Apache-2.0
//
// Clients that send the body of a request slowly.
#include <gtest/gtest.h>

#include "model/limits.h"
#include "sim/one_worker.h"

namespace daruma::sim {
namespace {

constexpr Duration grace = model::limits::request_body_grace;

class SlowBody : public testing::Test {
 protected:
  SlowBody() { run_.target_says = ""; }
  void begin(size_t length) {
    client_.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) +
                "\r\n\r\n");
  }
  void trickle(size_t bytes, Duration every, int times) {
    for (int i = 0; i < times && client_.heard.empty(); ++i) {
      client_.say(std::string(bytes, 'x'));
      run_.run_for(every);
    }
  }
  // Whether the target was asked, and its answer arrived.
  bool is_answered() {
    if (run_.target_connections.empty()) return false;
    run_.target_connections[0]->say("HTTP/1.1 204 No Content\r\n\r\n");
    return run_.run_until([&] { return client_.heard.starts_with("HTTP/1.1 204 "); });
  }
  void expect_refused_as(const std::string& reason) {
    EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 408 ")) << client_.heard;
    ASSERT_EQ(run_.log_lines.size(), 1u);
    EXPECT_NE(run_.log_lines[0].find("\"" + reason + "\""), std::string::npos) << run_.log_lines[0];
  }
  OneWorker run_;
  Peer& client_ = run_.connect();
};

TEST_F(SlowBody, below_the_least_pace_is_refused_after_the_grace) {
  begin(100'000);
  client_.say(std::string(30'000, 'x'));
  run_.run_for(1s);
  trickle(1, 1s, static_cast<int>(grace / 1s) - 2);
  EXPECT_EQ(client_.heard, "");
  trickle(1, 1s, 3);
  expect_refused_as("request_body_too_slow");
}

TEST_F(SlowBody, takes_no_place_at_a_target_before_its_beginning_is_there) {
  begin(1'000);
  trickle(500, 5s, 1);
  EXPECT_EQ(run_.target_connections.size(), 0u);
  trickle(500, 1s, 1);
  ASSERT_EQ(run_.target_connections.size(), 1u);
  EXPECT_TRUE(run_.target_connections[0]->heard.ends_with(std::string(1'000, 'x')));
  EXPECT_TRUE(is_answered());
}

TEST_F(SlowBody, that_never_begins_takes_no_place_at_all) {
  begin(1'000);
  trickle(1, 1s, static_cast<int>(grace / 1s) + 2);
  expect_refused_as("request_body_too_slow");
  EXPECT_EQ(run_.target_connections.size(), 0u);
  const std::string received = " 408 - 71 ";  // the head's 50 bytes, and one each second
  EXPECT_NE(run_.log_lines[0].find(received), std::string::npos) << run_.log_lines[0];
}

TEST_F(SlowBody, of_many_bytes_goes_on_when_some_are_there) {
  begin(100'000);
  trickle(model::limits::body_beginning_bytes_max, 1s, 1);
  EXPECT_EQ(run_.target_connections.size(), 1u);
}

TEST_F(SlowBody, in_chunks_is_passed_on_one_by_one) {
  client_.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  run_.run_for(1s);
  EXPECT_EQ(run_.target_connections.size(), 0u);
  client_.say("1\r\na\r\n");
  run_.run_for(1s);
  ASSERT_EQ(run_.target_connections.size(), 1u);
  EXPECT_TRUE(run_.target_connections[0]->heard.ends_with("1\r\na\r\n"));
}

TEST_F(SlowBody, whose_client_leaves_is_answered_as_in_any_body) {
  begin(1'000);
  client_.say_no_more();
  run_.run_for(1s);
  EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 400 ")) << client_.heard;
}

TEST_F(SlowBody, that_stops_is_refused_as_before) {
  run_.balancer().idle_timeout = 5s;
  run_.publish();
  run_.run_for(10ms);
  begin(100'000);
  client_.say(std::string(30'000, 'x'));
  run_.run_for(6s);
  expect_refused_as("request_body_timeout");
}

TEST_F(SlowBody, at_the_least_pace_may_take_its_time) {
  begin(60'000);
  trickle(500, 1s, 120);
  EXPECT_TRUE(is_answered());
}

// While a connection to the target is opened, nobody asks the client for more.
TEST_F(SlowBody, is_not_the_clients_fault_where_the_connection_takes_long) {
  NetworkFaults slow = calm_network();
  slow.slow_connects = 10'000;
  run_.network.set_faults(slow);
  client_.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  run_.run_for(grace - 500ms);
  client_.say("1\r\na\r\n");
  run_.run_for(10s);
  EXPECT_EQ(client_.heard, "");
  EXPECT_TRUE(is_answered());
}

TEST_F(SlowBody, has_its_limit_also_where_the_target_says_that_it_goes_on) {
  begin(100'000);
  client_.say(std::string(30'000, 'x'));
  run_.run_for(1s);
  ASSERT_EQ(run_.target_connections.size(), 1u);
  for (int i = 0; i < grace / 1s + 2 && run_.log_lines.empty(); ++i) {
    run_.target_connections[0]->say("HTTP/1.1 103 Early Hints\r\n\r\n");
    client_.say("x");
    run_.run_for(1s);
  }
  ASSERT_EQ(run_.log_lines.size(), 1u);
  EXPECT_NE(run_.log_lines[0].find("\"request_body_too_slow\""), std::string::npos);
}

TEST_F(SlowBody, that_was_fast_may_pause) {
  begin(60'000);
  run_.run_for(1s);
  client_.say(std::string(30'000, 'x'));
  run_.run_for(50s);
  client_.say(std::string(30'000, 'x'));
  run_.run_for(1s);
  EXPECT_TRUE(is_answered());
}

TEST_F(SlowBody, has_no_limit_where_none_is_configured) {
  run_.balancer().request_body_bytes_per_second_min = 0;
  run_.publish();
  run_.run_for(10ms);
  begin(30'100);
  client_.say(std::string(30'000, 'x'));
  trickle(1, 10s, 100);
  EXPECT_TRUE(is_answered());
}

// A client may want to hear the head of the answer before it says anything.
TEST_F(SlowBody, goes_on_before_it_has_begun_where_no_limit_is_configured) {
  run_.balancer().request_body_bytes_per_second_min = 0;
  run_.publish();
  run_.run_for(10ms);
  client_.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  run_.run_for(1s);
  ASSERT_EQ(run_.target_connections.size(), 1u);
  run_.target_connections[0]->say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  run_.run_for(1s);
  EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 200 ")) << client_.heard;
}

// The client could not send faster: neither what waits for the target counts, nor what it took.
TEST_F(SlowBody, is_not_the_clients_fault_where_the_target_takes_it_slowly) {
  NetworkFaults narrow = calm_network();
  narrow.socket_bytes = 4096;
  run_.network.set_faults(narrow);
  run_.target_listens = false;
  Peer& client = run_.connect();
  constexpr size_t length = 200'000;
  client.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) +
             "\r\n\r\n" + std::string(length, 'x'));
  ASSERT_TRUE(run_.run_until([&] { return run_.target_connections.size() == 1; }));
  Peer& target = *run_.target_connections[0];
  for (int i = 0; i < 30; ++i) {
    target.listen(true);
    target.listen(false);
    run_.run_for(40s);
  }
  target.listen(true);
  EXPECT_TRUE(run_.run_until([&] { return target.heard.size() > length; }));
  EXPECT_EQ(client.heard, "");
}

}  // namespace
}  // namespace daruma::sim
