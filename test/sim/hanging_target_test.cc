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

// Of two, one whose SYNs are lost.
class SilentTarget : public HangingTarget, private io::AcceptHandler {
 protected:
  SilentTarget() {
    sim_acceptor(*silent_).stop_answering();
    std::vector<model::Target>& targets = run_.draft.target_groups[0].targets;
    targets.push_back(targets[0]);
    targets[1].key.id = "10.2.0.9";
    targets[1].addresses = {address};
    run_.publish();
    tell(0, model::HealthState::healthy);
    tell(1, model::HealthState::healthy);
    run_.run_for(10ms);
  }
  void tell(size_t target, model::HealthState state) {
    model::HealthLetter letter;
    letter.target = run_.draft.target_groups[0].targets[target].key;
    letter.health.state = state;
    run_.post(letter);
  }
  void convict() { tell(1, model::HealthState::unhealthy); }
  void on_accept(std::unique_ptr<io::Socket>) override {}
  const Address address = *Address::parse("10.2.0.9", 80);
  std::unique_ptr<io::Acceptor> silent_ = std::move(*run_.outside().listen(address, *this, {}));
};

TEST_F(SilentTarget, is_left_by_who_waits_for_it_when_it_is_convicted) {
  run_.run_for(10ms);
  ask(4);  // too few to find by themselves that it is silent
  run_.run_for(100ms);
  EXPECT_EQ(answered("200 "), 2u);
  convict();
  run_.run_for(100ms);
  EXPECT_EQ(answered("200 "), 4u);
}

// Nothing is known of it, but the other one is idle.
TEST_F(SilentTarget, is_left_by_who_has_waited_for_long) {
  run_.run_for(10ms);
  ask(4);
  run_.run_for(900ms);
  EXPECT_EQ(answered("200 "), 2u);
  run_.run_for(200ms);
  EXPECT_EQ(answered("200 "), 4u);
}

TEST_F(SilentTarget, is_left_by_who_waits_for_it_when_it_is_deregistered) {
  for (const bool guarded : {true, false}) {
    for (const Duration delay : {Duration(300s), Duration(0s)}) {
      SCOPED_TRACE(testing::Message()
                   << (guarded ? "" : "not ") << "guarded, delay " << delay / 1s);
      model::TargetGroup& group = run_.draft.target_groups[0];
      group.saturation_guard.enabled = guarded;
      group.deregistration_delay = delay;
      run_.publish();
      tell(1, model::HealthState::healthy);
      run_.run_for(10ms);
      clients_.clear();
      ask(4);
      run_.run_for(100ms);
      EXPECT_EQ(answered("200 "), 2u);
      const model::Target silent = group.targets.back();
      group.targets.pop_back();
      run_.publish();
      run_.run_for(1s);
      EXPECT_EQ(answered("200 "), 4u);
      EXPECT_EQ(run_.worker->census().requests_in_flight, 0u);
      EXPECT_EQ(run_.worker->census().target_connections,
                run_.worker->census().target_connections_idle);
      group.targets.push_back(silent);
    }
  }
}

// It has the deregistration delay: who has nowhere else to go is not turned away before.
TEST_F(SilentTarget, is_waited_for_when_it_is_deregistered_and_was_the_last) {
  std::vector<model::Target>& targets = run_.draft.target_groups[0].targets;
  targets.erase(targets.begin());
  run_.publish();
  run_.run_for(10ms);
  ask(4);
  run_.run_for(100ms);
  targets.clear();
  run_.publish();
  run_.run_for(5s);
  EXPECT_TRUE(run_.log_lines.empty());
  run_.run_for(6s);
  EXPECT_EQ(answered("504 "), 4u);
}

// Of two, one that has answered, and then is cut off.
class FallenSilent : public HangingTarget, private io::AcceptHandler {
 protected:
  FallenSilent() {
    std::vector<model::Target>& targets = run_.draft.target_groups[0].targets;
    targets.push_back(targets[0]);
    targets[1].key.id = "10.2.0.9";
    targets[1].addresses = {address};
    run_.publish();
    for (int i = 0; i < 8; ++i) {
      run_.run_for(10ms);
      ask(1);
    }
    run_.run_for(10ms);
    EXPECT_EQ(peers_.size(), 1u);
    EXPECT_EQ(answered("200 "), 8u);
    clients_.clear();
    sim_acceptor(*acceptor_).stop_answering();
    peers_.clear();
    run_.run_for(10ms);
  }
  void on_accept(std::unique_ptr<io::Socket> socket) override {
    peers_.push_back(std::make_unique<Peer>(std::move(socket)));
    peers_.back()->on_heard = [this](Peer& self) { self.say(run_.target_says); };
  }
  const Address address = *Address::parse("10.2.0.9", 80);
  std::vector<std::unique_ptr<Peer>> peers_;
  std::unique_ptr<io::Acceptor> acceptor_ = std::move(*run_.outside().listen(address, *this, {}));
};

TEST_F(FallenSilent, fails_once_however_many_leave_it) {
  ask(100);
  run_.run_for(100ms);
  EXPECT_EQ(answered("200 "), 50u);
  run_.run_for(1s);
  EXPECT_EQ(answered("200 "), 100u);
  ask(6);
  run_.run_for(1s);
  EXPECT_EQ(answered("200 "), 106u);
  EXPECT_GT(run_.failures_told, 0u);
  EXPECT_LT(run_.failures_told, 5u);
}

TEST_F(SilentTarget, is_waited_for_without_the_guard) {
  run_.draft.target_groups[0].saturation_guard.enabled = false;
  run_.publish();
  run_.run_for(10ms);
  ask(20);
  run_.run_for(3s);
  convict();
  run_.run_for(8s);
  EXPECT_EQ(answered("200 "), 10u);
  EXPECT_EQ(answered("504 "), 10u);
}

}  // namespace
}  // namespace daruma::sim
