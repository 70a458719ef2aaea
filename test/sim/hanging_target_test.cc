// SPDX-License-Identifier: Apache-2.0
//
// Targets to which no connection comes about, and nobody says why.
#include <gtest/gtest.h>

#include "sim/one_worker.h"

namespace daruma::sim {
namespace {

class HangingTarget : public testing::Test {
 protected:
  void ask(int times) {
    for (int i = 0; i < times; ++i) {
      clients_.push_back(&run_.connect());
      clients_.back()->say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
  }
  size_t answered(const std::string& status) const {
    size_t count = 0;
    for (const Peer* client : clients_) count += client->heard.starts_with("HTTP/1.1 " + status);
    return count;
  }
  size_t logged(const std::string& reason) const {
    size_t count = 0;
    for (const std::string& line : run_.log_lines)
      count += line.find("\"" + reason + "\"") != std::string::npos;
    return count;
  }
  // The only target accepts connections and says nothing to a ClientHello.
  void hang_in_handshakes() {
    run_.target_says = "";
    run_.draft.target_groups[0].targets[0].key.port = 443;
    run_.draft.target_groups[0].protocol = model::Protocol::https;
    run_.publish();
    run_.run_for(10ms);
  }
  OneWorker run_;
  std::vector<Peer*> clients_;
};

TEST_F(HangingTarget, is_waited_for_no_longer_than_one_handshake_may_take) {
  hang_in_handshakes();
  ask(30);
  run_.run_for(9s);
  EXPECT_EQ(answered("504 "), 0u);
  run_.run_for(2s);
  EXPECT_EQ(answered("504 "), 30u);
  EXPECT_EQ(logged("target_tls_handshake_timeout"), 30u);
}

TEST_F(HangingTarget, is_waited_for_no_longer_by_who_comes_later) {
  hang_in_handshakes();
  ask(30);
  run_.run_for(5s);
  ask(30);
  run_.run_for(11s);
  EXPECT_EQ(answered("504 "), 60u);
  EXPECT_EQ(logged("target_tls_handshake_timeout"), 60u);
}

}  // namespace
}  // namespace daruma::sim
