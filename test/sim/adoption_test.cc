// SPDX-License-Identifier: Apache-2.0
//
// What a worker does with more targets than it registers in one turn.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/limits.h"
#include "sim/one_worker.h"

namespace daruma::sim {
namespace {

constexpr size_t many = 2000;

// A letter may be read in the turn that has its own piece.
constexpr size_t pieces_per_turn_max = 2;

class Adoption : public testing::Test {
 protected:
  // Loops that are not always scheduled: else nothing would come between two pieces.
  Adoption() {
    real_ = targets().front();
    NetworkFaults slow = calm_network();
    slow.loop_stalls = 9000;
    slow.loop_stall_most = 2ms;
    run_.network.set_faults(slow);
  }

  std::vector<model::Target>& targets() { return run_.draft.target_groups.front().targets; }

  // At an address where nobody listens.
  static model::Target deaf(size_t number) {
    const auto address = Address::v4(
        {10, 3, static_cast<uint8_t>(number / 250), static_cast<uint8_t>(number % 250 + 1)}, 80);
    return {{"group", address.ip(), 80}, "", {address}};
  }
  void name_many_deaf() {
    targets().clear();
    for (size_t i = 0; i < many; ++i) targets().push_back(deaf(i));
  }
  // All but the one at `place` are deaf.
  void publish_many(size_t place = 0) {
    name_many_deaf();
    targets()[place] = real_;
    run_.publish();
  }
  void name_many_listeners() {
    std::vector<model::Listener>& listeners = run_.balancer().listeners;
    for (size_t i = 1; i < many; ++i) {
      listeners.push_back(listeners.front());
      listeners.back().port = static_cast<uint16_t>(10'000 + i);
    }
  }
  void tell(const model::Target& target, model::HealthState state) {
    run_.post(model::HealthLetter{target.key, {.state = state, .reason = {}, .description = ""}});
  }
  // Each in a turn of its own, once the first targets are registered and as long as not all are.
  void do_meanwhile(std::vector<std::function<void()>> deeds) {
    deeds_ = std::move(deeds);
    run_.on_turn = [this, before = run_.targets_registered()] {
      const size_t registered = run_.targets_registered();
      if (deeds_.empty() || registered <= before + 1 || registered >= many) return;
      deeds_.front()();
      deeds_.erase(deeds_.begin());
    };
  }
  // Until the worker serves what was published last.
  void finish_adoption() {
    ASSERT_TRUE(run_.run_until(
        [&] { return !adopted().empty() && adopted().back() == run_.draft.revision; }));
    EXPECT_TRUE(deeds_.empty());
    run_.run_for(1s);
  }
  std::vector<uint64_t> adopted() const {
    std::vector<uint64_t> revisions;
    for (const model::ControlLetter& letter : run_.letters) {
      if (const auto* adopted = std::get_if<model::AdoptedLetter>(&letter))
        revisions.push_back(adopted->revision);
    }
    return revisions;
  }
  // Of the worker, from the letter until all of the draft serves.
  size_t turns_to_adopt() {
    size_t turns = 0;
    run_.on_turn = [&turns] { ++turns; };
    run_.publish();
    EXPECT_TRUE(run_.run_until([&] { return adopted().back() == run_.draft.revision; }));
    run_.on_turn = [] {};
    return turns;
  }
  template <class Letter>
  size_t letters() const {
    return static_cast<size_t>(std::ranges::count_if(
        run_.letters, [](const auto& letter) { return std::holds_alternative<Letter>(letter); }));
  }
  std::string answer() {
    Peer& client = run_.connect();
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_.run_until([&] { return !client.heard.empty(); });
    return client.heard.substr(0, 12);
  }

  OneWorker run_;
  model::Target real_;
  std::vector<std::function<void()>> deeds_;
};

// The most by which the number of registered targets changes in one turn.
class MostPerTurn {
 public:
  explicit MostPerTurn(OneWorker& run) : run_(run), before_(run.targets_registered()) {
    run.on_turn = [this] { look(); };
  }
  size_t most() const { return most_; }

 private:
  void look() {
    const size_t now = run_.targets_registered();
    most_ = std::max(most_, std::max(now, before_) - std::min(now, before_));
    before_ = now;
  }
  OneWorker& run_;
  size_t before_;
  size_t most_ = 0;
};

TEST_F(Adoption, comes_and_goes_in_pieces) {
  MostPerTurn turns(run_);
  publish_many();
  finish_adoption();
  EXPECT_EQ(run_.targets_registered(), many);
  EXPECT_EQ(run_.worker->census().snapshots_pinned, 1u);

  targets() = {real_};
  run_.publish();
  finish_adoption();
  EXPECT_EQ(run_.targets_registered(), 1u);
  EXPECT_GT(turns.most(), 0u);
  EXPECT_LE(turns.most(), pieces_per_turn_max * model::limits::adopted_per_turn_max);
  EXPECT_EQ(answer(), "HTTP/1.1 200");
}

TEST_F(Adoption, listeners_come_and_go_in_pieces) {
  const std::vector<model::Listener> one = run_.balancer().listeners;
  name_many_listeners();
  for (const bool many_serve : {true, false}) {
    SCOPED_TRACE(many_serve);
    if (!many_serve) run_.balancer().listeners = one;
    EXPECT_GE(turns_to_adopt(), many / model::limits::adopted_per_turn_max);
    EXPECT_EQ(answer(), "HTTP/1.1 200");
    EXPECT_EQ(run_.worker->census().snapshots_pinned, 1u);
  }
}

TEST_F(Adoption, a_piece_ends_when_it_has_taken_long) {
  publish_many();
  finish_adoption();
  ASSERT_LT(turns_to_adopt(), many / 8) << "256 at once, and no clock that moves";
  run_.set_clock_step(model::limits::adoption_piece_time / 2);
  EXPECT_GE(turns_to_adopt(), many / 2);
}

TEST_F(Adoption, a_drain_meanwhile_leaves_no_listener) {
  name_many_listeners();
  run_.on_turn = [this, turns = 0]() mutable {
    if (++turns == 3) run_.post(model::DrainLetter{10s});
  };
  run_.publish();
  ASSERT_TRUE(run_.run_until([&] { return letters<model::StoppedLetter>() == 1; }));
  for (const size_t place : {size_t{1}, many / 2, many - 1}) {
    Peer& client = run_.connect(run_.balancer().listeners[place].port);
    client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_.run_for(1s);
    EXPECT_EQ(client.heard, "") << place;
  }
  EXPECT_EQ(run_.worker->census().client_connections, 0u);
  EXPECT_EQ(run_.worker->census().snapshots_pinned, 1u);
}

TEST_F(Adoption, the_former_snapshot_serves_until_the_last_piece) {
  Peer& client = run_.connect();
  run_.run_for(100ms);
  do_meanwhile({[&] { client.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); }});
  publish_many(many - 1);
  finish_adoption();
  EXPECT_EQ(client.heard, run_.target_says) << "one target in 2,000 answers, by the new one";
}

// Whether the target has been registered when the letter comes, or not yet.
TEST_F(Adoption, health_that_is_told_meanwhile_holds) {
  for (const size_t place : {size_t{0}, many - 1}) {
    SCOPED_TRACE(place);
    targets() = {};
    run_.publish();
    finish_adoption();
    do_meanwhile({[&] { tell(real_, model::HealthState::healthy); }});
    publish_many(place);
    finish_adoption();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(answer(), "HTTP/1.1 200");
  }
}

// Of a target that the next one names, while one is adopted that does not: it stood in the former
// one, or it is new. It is told once.
TEST_F(Adoption, health_told_before_a_skipped_revision_holds) {
  const model::Target dead = deaf(0);
  for (const bool is_new : {true, false}) {
    SCOPED_TRACE(is_new);
    targets() = {dead};
    if (!is_new) targets().push_back(real_);
    run_.publish();
    finish_adoption();
    do_meanwhile({[&] {
                    targets() = {dead, real_};
                    run_.publish();
                  },
                  [&] {
                    tell(real_, model::HealthState::healthy);
                    tell(dead, model::HealthState::healthy);
                  }});
    name_many_deaf();
    ++run_.draft.revision;  // one that another has replaced before it was read
    run_.publish();
    const uint64_t revision = run_.draft.revision;
    ASSERT_TRUE(run_.run_until([&] { return run_.draft.revision == revision + 1; }));
    finish_adoption();
    EXPECT_EQ(answer(), "HTTP/1.1 200");
    EXPECT_EQ(answer(), "HTTP/1.1 200") << "the healthy ones take turns, or help out";
  }
}

// Of two targets one whose SYNs are lost: half of the requests wait for it.
class AdoptionBesideSilence : public Adoption, private io::AcceptHandler {
 protected:
  AdoptionBesideSilence() {
    sim_acceptor(*silent_acceptor_).stop_answering();
    targets().push_back(silent_);
    run_.publish();
    tell(real_, model::HealthState::healthy);
    tell(silent_, model::HealthState::healthy);
    run_.run_for(100ms);
    for (Peer*& client : clients_) {
      client = &run_.connect();
      client->say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    run_.run_for(100ms);
    EXPECT_EQ(answered(), 2);
  }
  void publish_many_with_both() {
    name_many_deaf();
    targets().front() = real_;
    targets().back() = silent_;
    run_.publish();
  }
  // So that this one is complete long before all are.
  void publish_many_in_another_group() {
    run_.draft.target_groups.push_back(run_.draft.target_groups.front());
    name_many_deaf();
    std::swap(run_.draft.target_groups.front().targets, run_.draft.target_groups.back().targets);
    model::TargetGroup& crowd = run_.draft.target_groups.back();
    crowd.name = crowd.arn = crowd.resource_id = "crowd";
    for (model::Target& target : crowd.targets) target.key.group = crowd.name;
    run_.publish();
  }
  int64_t answered() const {
    return std::ranges::count_if(
        clients_, [](const Peer* c) { return c->heard.starts_with("HTTP/1.1 200"); });
  }
  void on_accept(std::unique_ptr<io::Socket>) override {}

  std::array<Peer*, 4> clients_{};
  const Address address_ = *Address::parse("10.2.0.9", 80);
  const model::Target silent_{{"group", address_.ip(), 80}, "", {address_}};
  std::unique_ptr<io::Acceptor> silent_acceptor_ =
      std::move(*run_.outside().listen(address_, *this, {}));
};

TEST_F(AdoptionBesideSilence, a_conviction_meanwhile_frees_who_waits) {
  do_meanwhile({[&] { tell(silent_, model::HealthState::unhealthy); }});
  publish_many_with_both();
  finish_adoption();
  EXPECT_EQ(answered(), 4);
}

TEST_F(AdoptionBesideSilence, a_conviction_frees_who_waits_after_a_drain_has_cut_it_off) {
  do_meanwhile({[&] { run_.post(model::DrainLetter{60s}); }});
  publish_many_in_another_group();
  run_.run_for(500ms);
  EXPECT_TRUE(deeds_.empty());
  EXPECT_EQ(adopted().back(), run_.draft.revision - 1);
  EXPECT_EQ(answered(), 2);
  tell(silent_, model::HealthState::unhealthy);
  run_.run_for(100ms);
  EXPECT_EQ(answered(), 4);
}

TEST_F(Adoption, of_those_that_come_meanwhile_the_newest_is_next) {
  const auto publish_one = [&] {
    targets() = {real_};
    run_.publish();
  };
  do_meanwhile({publish_one, publish_one, publish_one});
  publish_many();
  const uint64_t revision = run_.draft.revision;
  ASSERT_TRUE(run_.run_until([&] { return run_.draft.revision == revision + 3; }));
  finish_adoption();
  EXPECT_EQ(run_.targets_registered(), 1u);
  EXPECT_EQ(run_.worker->census().snapshots_pinned, 1u);
  EXPECT_EQ(answer(), "HTTP/1.1 200");
}

TEST_F(Adoption, ends_where_the_node_drains) {
  do_meanwhile({[&] { run_.post(model::DrainLetter{10s}); }});
  publish_many();
  ASSERT_TRUE(run_.run_until([&] { return letters<model::StoppedLetter>() == 1; }));
  EXPECT_EQ(adopted(), std::vector<uint64_t>{1});
  EXPECT_EQ(letters<model::RetiredLetter>(), 1u);
}

}  // namespace
}  // namespace daruma::sim
