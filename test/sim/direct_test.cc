// SPDX-License-Identifier: Apache-2.0
//
// Clients against targets with nothing between them: the actors agree with each other and with the
// auditor, and the auditor finds what is planted.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "sim/sim_client.h"
#include "sim/sim_loop.h"
#include "sim/sim_target.h"

namespace daruma::sim {
namespace {

// What a relay between a client and a target may do to the bytes.
enum class Planted : uint8_t { nothing, byte_lost, byte_changed, byte_doubled, end_lost };

// Passes bytes between one accepted connection and one of its own; the planted fault strikes once,
// in the response, at a given byte.
class Relay final : private io::AcceptHandler {
 public:
  Relay(SimLoop& loop, const Address& at, const Address& to, Planted planted, size_t where)
      : loop_(loop), to_(to), planted_(planted), where_(where) {
    acceptor_ = std::move(*loop.listen(at, *this, {}));
  }

 private:
  struct Side final : io::SocketHandler {
    Side(Relay& its_relay, bool is_target) : relay(its_relay), target(is_target) {}
    void on_readable() override { pull(); }
    void on_writable() override { push(); }
    void on_connected() override { push(); }
    void pull();
    void push();
    Relay& relay;
    const bool target;
    Side* other = nullptr;
    std::unique_ptr<io::Socket> socket;
    std::string out;
    bool ended = false;
  };
  void on_accept(std::unique_ptr<io::Socket> socket) override {
    Side& client = *sides_.emplace_back(std::make_unique<Side>(*this, false));
    Side& target = *sides_.emplace_back(std::make_unique<Side>(*this, true));
    client.other = &target;
    target.other = &client;
    client.socket = std::move(socket);
    client.socket->set_handler(client);
    target.socket = loop_.connect(to_, target);
  }
  void tamper(std::string& bytes) {
    const size_t at = where_ - seen_;
    const bool strikes = seen_ <= where_ && at < bytes.size();
    seen_ += bytes.size();
    if (!strikes) return;
    switch (planted_) {
      case Planted::nothing:
        return;
      case Planted::byte_lost:
        bytes.erase(at, 1);
        return;
      case Planted::byte_changed:
        bytes[at] ^= 1;
        return;
      case Planted::byte_doubled:
        bytes.insert(at, 1, bytes[at]);
        return;
      case Planted::end_lost:
        bytes.resize(at);
        return;
    }
  }

  SimLoop& loop_;
  const Address to_;
  const Planted planted_;
  const size_t where_;
  size_t seen_ = 0;
  std::unique_ptr<io::Acceptor> acceptor_;
  std::vector<std::unique_ptr<Side>> sides_;
};

void Relay::Side::pull() {
  std::array<char, 1000> bytes;
  while (socket && socket->readable()) {
    const io::IoResult result = socket->read(bytes);
    if (result.status == io::IoStatus::blocked) break;
    if (result.status != io::IoStatus::done) {
      ended = true;
      break;
    }
    std::string piece(bytes.data(), result.bytes);
    if (target) relay.tamper(piece);
    other->out += piece;
  }
  other->push();
}

void Relay::Side::push() {
  while (socket && !out.empty()) {
    const io::IoResult result = socket->write(out);
    if (result.status != io::IoStatus::done) return;
    const bool whole = result.bytes == out.size();
    out.erase(0, result.bytes);
    if (!whole) return;
  }
  if (socket && out.empty() && other->ended) socket = nullptr;
}

struct DirectRun {
  explicit DirectRun(uint64_t seed) : network(seed), random(seed), auditor(network, settings()) {}

  static AuditSettings settings() {
    AuditSettings s;
    s.through_daruma = false;
    return s;
  }
  void add_target(const TargetBehaviour& behaviour) {
    const auto address = Address::v4({10, 2, 0, static_cast<uint8_t>(targets.size() + 1)}, 80);
    targets.push_back(std::make_unique<SimTarget>(target_loop, auditor, address, behaviour));
    targets.back()->start();
  }
  void add_client(ClientScript script, const Address& to) {
    clients.push_back(std::make_unique<SimClient>(client_loop, auditor, std::move(script),
                                                  [to] { return std::optional<Address>(to); }));
    clients.back()->start(1ms);
  }
  void run(Duration d) {
    const Instant end = network.now() + d;
    while (network.now() < end && !network.stopped()) {
      network.run_until(network.now() + 1s);
      auditor.sweep();
    }
    if (!auditor.violated()) auditor.check_all_ended();
  }

  SimNetwork network;
  Random random;
  Auditor auditor;
  SimLoop target_loop{network, "targets", *Address::parse("10.2.0.1", 0)};
  SimLoop client_loop{network, "clients", *Address::parse("192.0.2.1", 0)};
  SimLoop relay_loop{network, "relay", *Address::parse("10.1.0.1", 0)};
  std::vector<std::unique_ptr<SimTarget>> targets;
  std::unique_ptr<Relay> relay;
  std::vector<std::unique_ptr<SimClient>> clients;
};

// Polite clients, sane targets: every answer arrives.
TEST(Direct, clients_and_targets_understand_each_other) {
  size_t completed = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    DirectRun run(seed);
    NetworkFaults faults = draw_network_faults(run.random);
    faults.resets = faults.refused = faults.black_holed = faults.reset_on_connect = 0;
    run.network.set_faults(faults);
    TrafficPlan plan;
    plan.slow_clients = plan.big_bodies = true;
    for (int i = 0; i < 3; ++i) {
      TargetBehaviour behaviour = draw_target(run.random, false);
      behaviour.idle_timeout = 0s;
      run.add_target(behaviour);
    }
    for (int i = 0; i < 4; ++i)
      run.add_client(draw_client(run.random, plan, {"/a", "/b/c"}),
                     run.targets[run.random.below(3)]->address());
    run.run(600s);
    ASSERT_EQ(run.auditor.violation_text(), "");
    completed += run.auditor.completed();
  }
  EXPECT_GT(completed, 800u);
}

TEST(Direct, the_same_seed_is_the_same_run) {
  uint64_t hashes[3];
  const uint64_t seeds[3] = {5, 5, 6};
  for (int i = 0; i < 3; ++i) {
    DirectRun run(seeds[i]);
    run.network.set_faults(draw_network_faults(run.random));
    run.add_target(draw_target(run.random, true));
    TrafficPlan plan;
    plan.impolite = true;
    run.add_client(draw_client(run.random, plan, {"/a"}), run.targets[0]->address());
    run.run(100s);
    hashes[i] = run.network.trace_hash();
  }
  EXPECT_EQ(hashes[0], hashes[1]);
  EXPECT_NE(hashes[0], hashes[2]);
}

// --- Planted ---

std::string violation_with_relay(Planted planted, size_t where, bool chunked) {
  DirectRun run(3);
  TargetBehaviour behaviour;
  behaviour.chunked = chunked ? 10'000 : 0;
  run.add_target(behaviour);
  const Address between = *Address::parse("10.1.0.1", 80);
  run.relay =
      std::make_unique<Relay>(run.relay_loop, between, run.targets[0]->address(), planted, where);
  ClientScript script;
  for (int i = 0; i < 20; ++i) {
    RequestScript request;
    request.token = {run.random.next()};
    request.path = "/x/" + text_of(request.token);
    script.requests.push_back(request);
  }
  run.add_client(script, between);
  run.run(200s);
  return run.auditor.violation_text();
}

TEST(Direct, a_relay_that_changes_nothing_is_accepted) {
  EXPECT_EQ(violation_with_relay(Planted::nothing, 0, true), "");
  EXPECT_EQ(violation_with_relay(Planted::nothing, 0, false), "");
}

TEST(Direct, the_auditor_finds_bytes_that_were_lost_changed_or_doubled) {
  for (const Planted planted :
       {Planted::byte_lost, Planted::byte_changed, Planted::byte_doubled, Planted::end_lost}) {
    for (const bool chunked : {false, true}) {
      for (const size_t where : {700u, 1500u, 4001u, 9000u}) {
        SCOPED_TRACE(testing::Message() << static_cast<int>(planted) << chunked << where);
        EXPECT_NE(violation_with_relay(planted, where, chunked), "");
      }
    }
  }
}

TEST(Direct, the_auditor_finds_an_answer_to_another_request) {
  DirectRun run(4);
  run.add_target({});
  run.targets[0]->confuse_tokens();
  Random random(1);
  for (int i = 0; i < 4; ++i)
    run.add_client(draw_client(random, {}, {"/a"}), run.targets[0]->address());
  run.run(60s);
  EXPECT_NE(run.auditor.violation_text().find("belongs to token"), std::string::npos)
      << run.auditor.violation_text();
}

// Two connections from one loop, each of which sends a word; the first one first.
struct TwoAttempts final : private io::SocketHandler, private io::AcceptHandler {
  TwoAttempts() {
    for (int i = 0; i < 2; ++i) {
      acceptors[i] = std::move(*targets.listen(address[i], *this, {}));
      sockets[i] = worker.connect(address[i], *this);
    }
    network.run_until(network.now() + 100ms);
    for (const auto& socket : sockets) {
      network.run_until(network.now() + 1ms);
      socket->write("word");
    }
  }
  ~TwoAttempts() {
    accepted.clear();
    network.run_until(network.now() + 100ms);
  }
  uint32_t connection(int i) const { return connection_id(*sockets[i]); }
  void on_readable() override {}
  void on_writable() override {}
  void on_accept(std::unique_ptr<io::Socket> socket) override {
    socket->set_handler(*this);
    accepted.push_back(std::move(socket));
  }

  const Address address[2] = {*Address::parse("10.2.0.1", 80), *Address::parse("10.2.0.2", 80)};
  SimNetwork network{1};
  SimLoop worker{network, "worker", *Address::parse("10.1.0.1", 0)};
  SimLoop targets{network, "targets", *Address::parse("10.2.0.1", 0)};
  std::unique_ptr<io::Acceptor> acceptors[2];
  std::vector<std::unique_ptr<io::Socket>> accepted;
  std::unique_ptr<io::Socket> sockets[2];
};

TEST(Direct, of_two_attempts_the_one_that_left_last_counts_whichever_arrives_first) {
  TwoAttempts run;
  for (const int first : {0, 1}) {
    AuditSettings settings;
    settings.through_daruma = false;
    Auditor auditor(run.network, settings);
    RequestScript request;
    request.token = {7};
    request.path = "/" + text_of(request.token);
    auditor.on_request_begun(request, 0, false);
    const SimHead head{.start_line = "GET " + request.path + " HTTP/1.1",
                       .fields = {{std::string(token_field), text_of(request.token)}}};
    for (const int i : {first, 1 - first}) {
      ASSERT_NE(auditor.on_target_head(head, run.address[i], run.connection(i)), nullptr);
      TargetPlan plan;
      plan.status = 200 + i;
      auditor.on_target_plan(request.token, run.connection(i), plan);
    }
    const TargetSide& seen = auditor.exchanges().at(request.token).target;
    EXPECT_EQ(seen.arrivals, 2);
    EXPECT_EQ(seen.target, run.address[1]);
    EXPECT_EQ(seen.plan.status, 201);
    EXPECT_FALSE(auditor.violated()) << auditor.violation_text();
  }
}

TEST(Direct, the_auditor_finds_a_request_that_is_never_answered) {
  DirectRun run(4);
  TargetBehaviour silent;
  silent.silent = 10'000;
  run.add_target(silent);
  Random random(1);
  run.add_client(draw_client(random, {}, {"/a"}), run.targets[0]->address());
  run.run(200s);
  EXPECT_NE(run.auditor.violation_text().find("has not ended"), std::string::npos)
      << run.auditor.violation_text();
}

}  // namespace
}  // namespace daruma::sim
