// SPDX-License-Identifier: Apache-2.0
//
// The modelled targets behave as those that they stand for.
#include "sim/incident_target.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "sim/sim_loop.h"
#include "sim/sim_network.h"

namespace daruma::sim::incident {
namespace {

const Address target_address = *Address::parse("10.2.0.1", 443);

// One connection of a balancer's.
class Peer final : public io::SocketHandler {
 public:
  explicit Peer(SimLoop& loop) : loop_(loop), socket(loop.connect(target_address, *this)) {}
  Peer(SimLoop& loop, transport::SecureTransport& transport, tls::ClientContext& context)
      : loop_(loop),
        socket(transport::SecureSocket::connect(loop, transport, context, nullptr, target_address,
                                                "", *this)) {}
  void on_connected() override { connected = true; }
  void on_connect_failed() override { failed = true; }
  void on_readable() override {
    std::array<char, 4096> bytes;
    while (socket && socket->readable()) {
      const io::IoResult result = socket->read(bytes);
      if (result.status == io::IoStatus::blocked) return;
      ended = result.status == io::IoStatus::end;
      reset = result.status == io::IoStatus::failed;
      if (result.status != io::IoStatus::done) return;
      received.append(bytes.data(), result.bytes);
      if (received.ends_with("\r\n\r\nok")) ++answers;
    }
  }
  void on_writable() override {}
  void ask(int attempt) {
    socket->write("GET /page/" + std::to_string(attempt) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    loop_.kick();
  }

 private:
  SimLoop& loop_;

 public:
  std::unique_ptr<io::Socket> socket;
  bool connected = false, failed = false, ended = false, reset = false;
  int answers = 0;
  std::string received;
};

class IncidentTargetTest : public testing::Test, private TargetWatcher {
 protected:
  void start(const TargetPlan& plan) {
    target = make_target(target_loop, 0, target_address, plan, *this);
    target->apply({.turn = Turn::start});
    https = plan.https;
  }
  Peer& connect() {
    peers.push_back(https ? std::make_unique<Peer>(balancer_loop, transport, *context)
                          : std::make_unique<Peer>(balancer_loop));
    return *peers.back();
  }
  void run(Duration d) { network.run_until(network.now() + d); }
  static TargetPlan plan(int workers) {
    TargetPlan plan;
    plan.workers = workers;
    plan.service_least = plan.service_most = 500ms;
    return plan;
  }

  SimNetwork network{7};
  SimLoop target_loop{network, "target", target_address};
  SimLoop balancer_loop{network, "balancer", *Address::parse("10.1.0.1", 0)};
  SlabPool slabs;
  transport::SecureTransport transport{slabs};
  std::unique_ptr<tls::ClientContext> context = std::move(*tls::ClientContext::create());
  bool https = true;
  std::unique_ptr<Target> target;
  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<uint64_t> begun;

 private:
  uint64_t on_page_begun(size_t, const PageRequest& request) override {
    begun.push_back(request.attempt);
    return begun.size() - 1;
  }
};

TEST_F(IncidentTargetTest, a_handshake_waits_for_a_worker) {
  start(plan(1));
  Peer& first = connect();
  run(10ms);
  EXPECT_TRUE(first.connected);
  Peer& second = connect();
  run(1s);
  EXPECT_FALSE(second.connected);
  EXPECT_EQ(target->facts().door, 1u);
  first.socket = nullptr;
  run(10ms);
  EXPECT_TRUE(second.connected);
  EXPECT_EQ(target->facts().door, 0u);
}

TEST_F(IncidentTargetTest, over_http_only_the_answer_waits) {
  TargetPlan http = plan(1);
  http.https = false;
  start(http);
  Peer& first = connect();
  run(10ms);
  Peer& second = connect();
  run(10ms);
  EXPECT_TRUE(second.connected);
  second.ask(1);
  run(2s);
  EXPECT_EQ(second.answers, 0);
  first.socket = nullptr;
  run(510ms);
  EXPECT_EQ(second.answers, 1);
}

TEST_F(IncidentTargetTest, a_full_queue_drops_the_syn_which_comes_again) {
  TargetPlan small = plan(1);
  small.backlog = 1;
  start(small);
  Peer& first = connect();
  run(10ms);
  connect();
  run(10ms);
  Peer& third = connect();
  run(10ms);
  EXPECT_EQ(target->facts().door, 1u);
  first.socket = nullptr;
  peers[1]->socket = nullptr;
  run(500ms);
  EXPECT_FALSE(third.connected);
  run(600ms);
  EXPECT_TRUE(third.connected);
}

TEST_F(IncidentTargetTest, announces_and_keeps_max_keep_alive_requests) {
  TargetPlan two = plan(1);
  two.keep_alive_max = 2;
  start(two);
  Peer& peer = connect();
  run(10ms);
  for (int i = 1; i <= 3; ++i) {
    peer.ask(i);
    run(510ms);
    EXPECT_EQ(peer.answers, i);
    EXPECT_EQ(peer.ended, i == 3);
  }
  EXPECT_NE(peer.received.find("Keep-Alive: timeout=5, max=2\r\n"), std::string::npos);
  EXPECT_NE(peer.received.find("Keep-Alive: timeout=5, max=1\r\n"), std::string::npos);
  EXPECT_NE(peer.received.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(target->facts().connections, 1u);  // lingers until the peer closes too
  peer.socket = nullptr;
  run(10ms);
  EXPECT_EQ(target->facts().connections, 0u);
}

TEST_F(IncidentTargetTest, closes_after_the_keep_alive_timeout) {
  start(plan(1));
  Peer& peer = connect();
  run(10ms);
  peer.ask(1);
  run(5400ms);
  EXPECT_FALSE(peer.ended);
  run(200ms);
  EXPECT_TRUE(peer.ended);
  run(2100ms);
  EXPECT_EQ(target->facts().connections, 0u);
}

TEST_F(IncidentTargetTest, goes_on_for_a_peer_that_has_gone) {
  start(plan(1));
  Peer& peer = connect();
  run(10ms);
  peer.ask(1);
  run(100ms);
  peer.socket = nullptr;
  run(300ms);
  EXPECT_EQ(target->facts().serving, 1u);
  run(200ms);
  EXPECT_EQ(target->facts().connections, 0u);
}

TEST_F(IncidentTargetTest, answers_nobody_while_frozen) {
  start(plan(2));
  Peer& asked = connect();
  run(10ms);
  asked.ask(1);
  run(100ms);
  target->apply({.turn = Turn::freeze});
  Peer& later = connect();
  run(5s);
  EXPECT_EQ(asked.answers, 0);
  EXPECT_FALSE(later.connected);
  target->apply({.turn = Turn::start});
  run(10ms);
  EXPECT_EQ(asked.answers, 1);
  EXPECT_TRUE(later.connected);
}

TEST_F(IncidentTargetTest, a_stop_closes_or_resets_and_then_refuses) {
  for (const Turn how : {Turn::stop_closing, Turn::stop_resetting}) {
    start(plan(1));
    Peer& served = connect();
    run(10ms);
    Peer& waiting = connect();
    run(10ms);
    target->apply({.turn = how});
    run(10ms);
    EXPECT_EQ(served.ended, how == Turn::stop_closing);
    EXPECT_EQ(served.reset, how == Turn::stop_resetting);
    EXPECT_TRUE(waiting.failed);
    Peer& late = connect();
    run(10ms);
    EXPECT_TRUE(late.failed);
    EXPECT_EQ(late.socket->error(), io::SocketError::refused);
  }
}

TEST_F(IncidentTargetTest, a_vanished_host_says_nothing) {
  start(plan(2));
  Peer& open = connect();
  run(10ms);
  target->apply({.turn = Turn::vanish});
  open.ask(1);
  Peer& late = connect();
  run(60s);
  EXPECT_EQ(open.answers, 0);
  EXPECT_FALSE(open.ended || open.reset || late.connected || late.failed);
}

TEST_F(IncidentTargetTest, follows_its_number_of_workers) {
  start(plan(2));
  for (int i = 0; i < 4; ++i) connect();
  run(100ms);
  EXPECT_EQ(target->facts().connections, 2u);
  target->apply({.turn = Turn::workers, .value = 3});
  run(100ms);
  EXPECT_EQ(target->facts().connections, 3u);
  target->apply({.turn = Turn::workers, .value = 1});
  peers[0]->socket = nullptr;
  run(100ms);
  EXPECT_EQ(target->facts().connections, 2u);
  EXPECT_EQ(target->facts().door, 1u);
}

TEST_F(IncidentTargetTest, an_event_target_takes_all_and_slows_down_with_each) {
  TargetPlan event = plan(2);
  event.architecture = Architecture::event;
  event.handshake = 0ms;
  event.service_least = event.service_most = 100ms;
  start(event);
  for (int i = 0; i < 8; ++i) connect();
  run(50ms);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(peers[static_cast<size_t>(i)]->connected);
    peers[static_cast<size_t>(i)]->ask(i);
  }
  // Eight share two processors: 400 ms each.
  run(390ms);
  EXPECT_EQ(target->facts().serving, 8u);
  run(20ms);
  EXPECT_EQ(target->facts().serving, 0u);
  peers[0]->ask(9);
  run(105ms);
  EXPECT_EQ(peers[0]->answers, 2);
}

TEST(PageTime, covers_its_range_evenly) {
  TargetPlan plan;
  Duration sum{};
  for (uint64_t i = 100; i < 150; ++i) {
    const Duration time = page_time(plan, i);
    EXPECT_GE(time, plan.service_least);
    EXPECT_LE(time, plan.service_most);
    sum += time;
  }
  EXPECT_NEAR(seconds_of(sum) / 50, 0.5, 0.01);
}

}  // namespace
}  // namespace daruma::sim::incident
