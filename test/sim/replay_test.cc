// SPDX-License-Identifier: Apache-2.0
//
// Requests that are sent again, because the kept-alive connection ended that carried them.
#include <gtest/gtest.h>

#include "sim/connection.h"
#include "sim/one_worker.h"

namespace daruma::sim {
namespace {

// The target's first connection rests in the pool, and the target has reset it: who writes to it
// next finds out.
class ResetWhileIdle : public testing::Test {
 protected:
  ResetWhileIdle() {
    client_.say("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(run_.run_until([&] { return client_.heard == run_.target_says; }));
    client_.heard.clear();
    run_.network.find(run_.target_connections.at(0)->connection())
        ->reset_at_next_write(Connection::initiator);
    run_.target_says = "";
  }
  // What the target is asked over its second connection.
  std::string asked_again(const std::string& requests) {
    client_.say(requests);
    run_.run_for(1s);
    return run_.target_connections.size() == 2 ? run_.target_connections[1]->heard : "nothing";
  }
  static std::string body_of(const std::string& message) {
    const size_t end = message.find("\r\n\r\n");
    return end == std::string::npos ? "no head" : message.substr(end + 4);
  }
  OneWorker run_;
  Peer& client_ = run_.connect();
};

constexpr const char* next_request = "GET /third HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(ResetWhileIdle, a_request_goes_with_its_body) {
  const std::string post = "POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  EXPECT_EQ(body_of(asked_again(post)), "hello");
}

TEST_F(ResetWhileIdle, a_request_goes_with_its_own_body_and_not_with_what_is_pipelined_behind_it) {
  const std::string post = "POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  const std::string asked = asked_again(post + next_request);
  EXPECT_TRUE(asked.starts_with("POST /second ")) << asked;
  EXPECT_EQ(body_of(asked), "hello");
  Peer& target = *run_.target_connections[1];
  target.heard.clear();
  target.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  run_.run_for(1s);
  EXPECT_TRUE(target.heard.starts_with("GET /third ")) << target.heard;
}

TEST_F(ResetWhileIdle, a_request_goes_with_all_of_its_chunks) {
  const std::string chunks = "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n";
  const std::string post =
      "POST /second HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
  EXPECT_EQ(body_of(asked_again(post + next_request)), chunks);
}

TEST_F(ResetWhileIdle, the_rest_of_a_body_follows_its_beginning) {
  const std::string post =
      "POST /second HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
  EXPECT_EQ(body_of(asked_again(post)), "5\r\nhello\r\n");
  client_.say("0\r\n\r\n");
  run_.run_for(1s);
  EXPECT_EQ(body_of(run_.target_connections[1]->heard), "5\r\nhello\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace daruma::sim
