// SPDX-License-Identifier: Apache-2.0
//
// What the access log says of a request.
#include <gtest/gtest.h>

#include "sim/one_worker.h"

namespace daruma::sim {
namespace {

class LogLine : public testing::Test {
 protected:
  // The only line so far.
  std::string line() { return run_.log_lines.size() == 1 ? run_.log_lines[0] : "not one line"; }
  std::string line_of(const std::string& request) {
    run_.log_lines.clear();
    run_.connect().say(request);
    run_.run_for(100ms);
    return line();
  }
  void apply() {
    run_.publish();
    run_.run_for(10ms);
  }
  static bool has(const std::string& line, const std::string& text) {
    return line.find(text) != std::string::npos;
  }
  OneWorker run_;
};

TEST_F(LogLine, has_a_trace_id_whoever_answers) {
  run_.answer_at("/own", {.status = 200, .content_type = "text/plain", .body = "own"});
  apply();
  for (const std::string start : {"GET / HTTP/1.1", "GET /own HTTP/1.1", "TRACE / HTTP/1.1"}) {
    const std::string request = start + "\r\nHost: a\r\n";
    EXPECT_TRUE(has(line_of(request + "\r\n"), " \"Root=1-")) << line();
    EXPECT_TRUE(has(line_of(request + "X-Amzn-Trace-Id: Root=1-2-3;A=b\r\n\r\n"), "Root=1-2-3;A=b"))
        << line();
  }
}

TEST_F(LogLine, ends_with_the_address_that_the_client_connected_to) {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  run_.draft.node.addresses.insert(run_.draft.node.addresses.begin(), "10.1.0.9");
  apply();
  EXPECT_TRUE(line_of(request).ends_with(" 10.1.0.1")) << line();
  run_.draft.node.addresses.clear();
  apply();
  EXPECT_TRUE(line_of(request).ends_with(" 10.1.0.1")) << line();
}

TEST_F(LogLine, tells_a_client_that_stands_still_from_one_that_has_gone) {
  NetworkFaults narrow = calm_network();
  narrow.socket_bytes = 4096;
  run_.network.set_faults(narrow);
  run_.balancer().idle_timeout = 5s;
  apply();
  run_.target_says = "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + std::string(60'000, 'x');
  for (const bool leaves : {false, true}) {
    run_.log_lines.clear();
    Peer& client = run_.connect();
    client.listen(false);
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_.run_for(1s);
    if (leaves) client.hang_up();
    run_.run_for(10s);
    EXPECT_TRUE(has(line(), leaves ? "client_closed" : "client_read_timeout")) << line();
  }
}

}  // namespace
}  // namespace daruma::sim
