// SPDX-License-Identifier: Apache-2.0
//
// One worker and a connection that is upgraded (RFC 9110 7.8): who may, what passes, how it ends.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/limits.h"
#include "sim/one_worker.h"

namespace daruma::sim {
namespace {

constexpr std::string_view upgrade_request =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

std::string field(const std::string& line, size_t number) {
  size_t from = 0;
  for (size_t i = 1; i < number; ++i) from = line.find(' ', from) + 1;
  return line.substr(from, line.find(' ', from) - from);
}

class SimTunnel : public testing::Test {
 protected:
  SimTunnel() { run_.target_says = switching; }

  // Both sides are through to each other.
  void open() {
    client_.say(std::string(upgrade_request));
    ASSERT_TRUE(run_.run_until([&] { return client_.heard == switching; })) << client_.heard;
    client_.heard.clear();
    target().on_heard = [](Peer&) {};
    target().heard.clear();
    ASSERT_EQ(run_.worker->census().tunnels, 1u);
  }
  Peer& target() { return *run_.target_connections.back(); }
  bool over() { return run_.log_lines.size() == 1; }
  void expect_nothing_left() {
    run_.run_for(10s);
    const proxy::Worker::Census census = run_.worker->census();
    EXPECT_EQ(census.tunnels, 0u);
    EXPECT_EQ(census.exchanges, 0u);
    EXPECT_EQ(census.client_connections, 0u);
    EXPECT_EQ(census.target_connections, 0u);
    EXPECT_EQ(census.requests_in_flight, 0u);
    EXPECT_EQ(census.slabs, 0u);
    ASSERT_EQ(run_.log_lines.size(), 1u);
    EXPECT_EQ(field(run_.log_lines[0], 1), "ws");
    EXPECT_EQ(field(run_.log_lines[0], 9), "101");
    EXPECT_EQ(field(run_.log_lines[0], 10), "101");
  }
  void expect_reason(const std::string& reason) {
    ASSERT_EQ(run_.log_lines.size(), 1u);
    EXPECT_NE(run_.log_lines[0].find(" \"" + reason + "\" "), std::string::npos)
        << run_.log_lines[0];
  }

  OneWorker run_;
  Peer& client_ = run_.connect();
};

TEST_F(SimTunnel, passes_what_both_say_and_ends_with_both) {
  open();
  client_.say("ping");
  target().say("hello");
  ASSERT_TRUE(run_.run_until([&] { return target().heard == "ping" && client_.heard == "hello"; }));
  EXPECT_TRUE(run_.log_lines.empty()) << "the line is written at the end";
  client_.say("bye");
  client_.say_no_more();
  ASSERT_TRUE(run_.run_until([&] { return target().ended; }));
  EXPECT_EQ(target().heard, "pingbye");
  run_.run_for(30s);
  EXPECT_FALSE(client_.ended) << "the target may still have something to say";
  target().say("bye bye");
  target().say_no_more();
  ASSERT_TRUE(run_.run_until([&] { return client_.ended; }));
  EXPECT_EQ(client_.heard, "hellobye bye");
  client_.hang_up();
  expect_nothing_left();
  expect_reason("-");
  EXPECT_EQ(field(run_.log_lines[0], 11), std::to_string(upgrade_request.size() + 7));
  EXPECT_EQ(field(run_.log_lines[0], 12), std::to_string(switching.size() + 12));
}

TEST_F(SimTunnel, the_target_may_be_the_first_to_end) {
  open();
  target().say("last");
  target().say_no_more();
  ASSERT_TRUE(run_.run_until([&] { return client_.ended; }));
  client_.say("answer");
  ASSERT_TRUE(run_.run_until([&] { return target().heard == "answer"; }));
  client_.say_no_more();
  ASSERT_TRUE(run_.run_until([&] { return over(); }));
  client_.hang_up();
  expect_nothing_left();
}

TEST_F(SimTunnel, bytes_sent_behind_the_request_wait_for_the_101) {
  run_.target_says = "";
  client_.say(std::string(upgrade_request) + "early");
  ASSERT_TRUE(run_.run_until([&] { return !run_.target_connections.empty(); }));
  run_.run_for(1s);
  EXPECT_TRUE(target().ever_heard.ends_with("\r\n\r\n")) << target().ever_heard;
  target().say(std::string(switching) + "first");
  ASSERT_TRUE(run_.run_until([&] { return target().ever_heard.ends_with("\r\n\r\nearly"); }));
  EXPECT_EQ(client_.heard, std::string(switching) + "first");
}

TEST_F(SimTunnel, a_refused_upgrade_is_an_ordinary_answer) {
  run_.target_says = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nno";
  client_.say(std::string(upgrade_request) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string both = run_.target_says + run_.target_says;
  ASSERT_TRUE(run_.run_until([&] { return client_.heard.size() >= both.size(); }));
  ASSERT_TRUE(run_.run_until([&] { return run_.log_lines.size() == 2; }));
  EXPECT_EQ(client_.heard, both);
  EXPECT_EQ(run_.target_connections.size(), 1u) << "the connection goes back to the pool";
  EXPECT_EQ(field(run_.log_lines[0], 1), "http");
}

TEST_F(SimTunnel, a_101_that_nobody_asked_for_is_malformed) {
  const std::string_view requests[] = {
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      // What the guard has closed after its answer is not handed over.
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nno colon\r\n\r\n"};
  for (const std::string_view request : requests) {
    run_.log_lines.clear();
    Peer& client = run_.connect();
    client.say(std::string(request));
    ASSERT_TRUE(run_.run_until([&] { return over() && !client.heard.empty(); }));
    EXPECT_TRUE(client.heard.starts_with("HTTP/1.1 502 ")) << request << client.heard;
    expect_reason("target_response_malformed");
  }
}

TEST_F(SimTunnel, a_101_to_another_protocol_is_malformed) {
  run_.target_says = "HTTP/1.1 101 Go\r\nUpgrade: irc\r\nConnection: Upgrade\r\n\r\n";
  client_.say(std::string(upgrade_request));
  ASSERT_TRUE(run_.run_until([&] { return over() && !client_.heard.empty(); }));
  EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 502 ")) << client_.heard;
}

TEST_F(SimTunnel, the_request_is_whole_before_the_protocol_changes) {
  const auto head = [](size_t length) {
    return "POST /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Content-Length: " +
           std::to_string(length) + "\r\n\r\n";
  };
  constexpr size_t enough_to_begin = model::limits::body_beginning_bytes_max;
  client_.say(head(enough_to_begin + 1) + std::string(enough_to_begin, 'b'));
  ASSERT_TRUE(run_.run_until([&] { return over() && !client_.heard.empty(); }));
  EXPECT_TRUE(client_.heard.starts_with("HTTP/1.1 502 ")) << client_.heard;

  run_.target_says = "";
  Peer& other = run_.connect();
  other.say(head(4) + "bodytunnelled");
  ASSERT_TRUE(run_.run_until(
      [&] { return run_.target_connections.size() == 2 && target().heard.ends_with("body"); }));
  target().say(std::string(switching));
  ASSERT_TRUE(run_.run_until([&] { return target().heard.ends_with("bodytunnelled"); }));
}

TEST_F(SimTunnel, a_reset_of_one_side_is_one_of_the_other) {
  open();
  target().say("last words");
  ASSERT_TRUE(run_.run_until([&] { return client_.heard == "last words"; }));
  client_.say("unread");
  target().listen(false);
  run_.run_for(1s);
  target().hang_up();  // with unread bytes: RST
  ASSERT_TRUE(run_.run_until([&] { return client_.reset || client_.ended; }));
  EXPECT_TRUE(client_.reset);
  expect_nothing_left();
  expect_reason("target_response_truncated");
}

TEST_F(SimTunnel, a_client_that_is_gone_is_one_for_the_target) {
  open();
  target().say("unread");
  client_.listen(false);
  run_.run_for(1s);
  client_.hang_up();
  ASSERT_TRUE(run_.run_until([&] { return target().reset || target().ended; }));
  EXPECT_TRUE(target().reset);
  expect_nothing_left();
  expect_reason("client_closed");
}

TEST_F(SimTunnel, a_byte_in_either_direction_keeps_it_open) {
  open();
  for (int i = 0; i < 4; ++i) {
    run_.run_for(40s);
    client_.say("c");
    run_.run_for(40s);
    target().say("t");
  }
  run_.run_for(59s);
  EXPECT_EQ(target().heard, "cccc");
  EXPECT_EQ(client_.heard, "tttt");
  EXPECT_FALSE(client_.ended);
  run_.run_for(2s);
  EXPECT_TRUE(client_.ended) << "in an orderly way";
  EXPECT_TRUE(target().ended);
  client_.hang_up();
  expect_nothing_left();
  expect_reason("upgrade_idle_timeout");
}

TEST_F(SimTunnel, a_slow_side_pauses_the_fast_side) {
  NetworkFaults narrow = calm_network();
  narrow.socket_bytes = 64 * 1024;
  run_.network.set_faults(narrow);
  open();
  const std::string flood(4 * 1024 * 1024, 'x');
  client_.listen(false);
  target().listen(false);
  target().say(flood);
  client_.say(flood);
  run_.run_for(10s);
  // What each direction holds: one buffer.
  EXPECT_LE(run_.worker->census().slabs, 3u);  // and the request's head
  client_.listen(true);
  target().listen(true);
  ASSERT_TRUE(run_.run_until([&] { return client_.heard == flood && target().heard == flood; }));
}

TEST_F(SimTunnel, fast_sides_share_the_loop) {
  open();
  const std::string flood(8 * 1024 * 1024, 'x');
  run_.bytes_per_turn_most = 0;
  target().say(flood);
  client_.say(flood);
  ASSERT_TRUE(run_.run_until([&] { return client_.heard == flood && target().heard == flood; }));
  EXPECT_LT(run_.bytes_per_turn_most,
            2 * (model::limits::relay_turn_bytes_max + Buffer::size_max()));
}

// They are no requests that a target is too slow for: however many it holds, others come through.
TEST_F(SimTunnel, many_leave_room_for_requests) {
  constexpr size_t many = model::limits::openings_max + 100;
  for (size_t i = 0; i < many; ++i) {
    run_.connect().say(std::string(upgrade_request));
    run_.run_for(1ms);
  }
  ASSERT_TRUE(run_.run_until([&] { return run_.worker->census().tunnels == many; }))
      << run_.worker->census().tunnels;
  run_.target_says = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok";
  client_.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(run_.run_until([&] { return client_.heard == run_.target_says; }));
}

TEST_F(SimTunnel, outlives_the_configuration_and_keeps_nothing_of_it) {
  open();
  for (int i = 0; i < 10; ++i) {
    run_.publish();
    run_.run_for(1s);
  }
  EXPECT_EQ(run_.worker->census().snapshots_pinned, 1u);
  client_.say("still");
  target().say("there");
  ASSERT_TRUE(
      run_.run_until([&] { return target().heard == "still" && client_.heard == "there"; }));
  run_.balancer().listeners.clear();
  run_.publish();
  run_.run_for(1s);
  client_.say(" here");
  ASSERT_TRUE(run_.run_until([&] { return target().heard == "still here"; }));
  client_.say_no_more();
  target().say_no_more();
  ASSERT_TRUE(run_.run_until([&] { return over(); }));
  EXPECT_NE(run_.log_lines[0].find(" group "), std::string::npos) << run_.log_lines[0];
}

TEST_F(SimTunnel, ends_with_the_deregistration_delay_of_its_target) {
  run_.draft.target_groups[0].deregistration_delay = 20s;
  run_.publish();
  open();
  run_.draft.target_groups[0].targets.clear();
  run_.publish();
  run_.run_for(19s);
  client_.say("still");
  ASSERT_TRUE(run_.run_until([&] { return target().heard == "still"; }));
  run_.run_for(2s);
  EXPECT_TRUE(client_.ended);
  EXPECT_TRUE(target().ended);
  client_.hang_up();
  expect_nothing_left();
  expect_reason("target_deregistered");
}

TEST_F(SimTunnel, ends_with_the_time_that_a_drain_has) {
  open();
  run_.post(model::DrainLetter{30s});
  run_.run_for(29s);
  client_.say("still");
  ASSERT_TRUE(run_.run_until([&] { return target().heard == "still"; }));
  run_.run_for(2s);
  EXPECT_TRUE(client_.ended);
  EXPECT_TRUE(target().ended);
  client_.hang_up();
  expect_nothing_left();
  expect_reason("node_stopping");
  EXPECT_TRUE(std::ranges::any_of(run_.letters, [](const auto& letter) {
    return std::holds_alternative<model::StoppedLetter>(letter);
  }));
}

}  // namespace
}  // namespace daruma::sim
