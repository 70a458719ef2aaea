// SPDX-License-Identifier: Apache-2.0
//
// What one worker does where it has to be told exactly: byte by byte, turn by turn.
#include "sim/one_worker.h"

#include <gtest/gtest.h>

#include "model/limits.h"

namespace daruma::sim {
namespace {

size_t count(std::string_view text, std::string_view what) {
  size_t times = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++times;
  return times;
}

// A turn may have an event of a connection, and what the turn before put off.
constexpr uint64_t turn_bytes_most = 2 * (model::limits::relay_turn_bytes_max + Buffer::size_max());

TEST(OneWorker, relays) {
  OneWorker run;
  Peer& client = run.connect();
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run.run_until([&] { return !client.heard.empty(); }));
  EXPECT_EQ(client.heard, run.target_says);
  EXPECT_EQ(run.log_lines.size(), 1u);
}

TEST(OneWorker, fast_download_shares_the_loop) {
  OneWorker run;
  const std::string body(8 * 1024 * 1024, 'x');
  run.target_says =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  Peer& client = run.connect();
  client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run.run_until([&] { return client.heard.size() >= run.target_says.size(); }));
  EXPECT_EQ(client.heard, run.target_says);
  EXPECT_LT(run.bytes_per_turn_most, turn_bytes_most);
}

TEST(OneWorker, fast_upload_shares_the_loop) {
  OneWorker run;
  const std::string body(8 * 1024 * 1024, 'x');
  Peer& client = run.connect();
  client.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body);
  ASSERT_TRUE(run.run_until([&] {
    return !run.target_connections.empty() &&
           run.target_connections[0]->heard.size() == body.size();
  }));
  EXPECT_LT(run.bytes_per_turn_most, turn_bytes_most);
}

TEST(OneWorker, pipelined_requests_share_the_loop) {
  OneWorker run;
  run.answer_at("/own", {.status = 200, .content_type = "text/plain", .body = "own"});
  run.publish();
  run.run_for(10ms);
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += "GET /own HTTP/1.1\r\nHost: a\r\n\r\n";
  Peer& client = run.connect();
  client.say(requests);
  ASSERT_TRUE(run.run_until([&] { return count(client.heard, "HTTP/1.1 200 OK") == 500; }));
  EXPECT_LT(run.bytes_per_turn_most, client.heard.size() / 100);
}

}  // namespace
}  // namespace daruma::sim
