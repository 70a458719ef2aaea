// SPDX-License-Identifier: Apache-2.0
//
// The simulated network keeps the contract of io::Loop and io::Socket.
#include "sim/sim_network.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "sim/sim_loop.h"

namespace daruma::sim {
namespace {

const Address server_address = *Address::parse("10.2.0.1", 80);
const Address client_host = *Address::parse("192.0.2.1", 0);

// Counts its calls and does what a test tells it.
class Peer final : public io::SocketHandler {
 public:
  void on_connected() override { ++connected; }
  void on_connect_failed() override { ++failed; }
  void on_readable() override {
    ++readable;
    if (close_on_readable) {
      socket = nullptr;
      return;
    }
    if (reads) read_all();
  }
  void on_writable() override {
    ++writable;
    send_rest();
  }
  void read_all() {
    std::array<char, 100> bytes;
    while (socket->readable()) {
      const io::IoResult result = socket->read(bytes);
      last = result.status;
      if (result.status != io::IoStatus::done) return;
      received.append(bytes.data(), result.bytes);
    }
  }
  void send(std::string bytes) {
    to_send += bytes;
    send_rest();
  }
  void send_rest() {
    while (!to_send.empty()) {
      const io::IoResult result = socket->write(to_send);
      if (result.status != io::IoStatus::done) return;
      const bool whole = result.bytes == to_send.size();
      to_send.erase(0, result.bytes);
      if (!whole) return;
    }
  }

  std::unique_ptr<io::Socket> socket;
  int connected = 0, failed = 0, readable = 0, writable = 0;
  bool reads = true;
  bool close_on_readable = false;
  io::IoStatus last = io::IoStatus::blocked;
  std::string received;
  std::string to_send;
};

class SimNetworkTest : public testing::Test, public io::AcceptHandler {
 protected:
  void on_accept(std::unique_ptr<io::Socket> socket) override {
    server.socket = std::move(socket);
    server.socket->set_handler(server);
    ++accepted;
  }
  void listen() {
    auto made = server_loop.listen(server_address, *this, {});
    ASSERT_TRUE(made.has_value());
    acceptor = std::move(*made);
  }
  void run(Duration d) { network.run_until(network.now() + d); }
  void connect() {
    client.socket = client_loop.connect(server_address, client);
    run(10ms);
  }

  SimNetwork network{7};
  SimLoop server_loop{network, "server", server_address};
  SimLoop client_loop{network, "client", client_host};
  Peer server, client;
  std::unique_ptr<io::Acceptor> acceptor;
  int accepted = 0;
};

TEST_F(SimNetworkTest, connects_and_carries_bytes_both_ways) {
  listen();
  client.socket = client_loop.connect(server_address, client);
  EXPECT_EQ(client.connected, 0);  // never from inside the call
  run(10ms);
  ASSERT_EQ(client.connected, 1);
  ASSERT_EQ(accepted, 1);
  EXPECT_EQ(server.socket->peer().ip(), "192.0.2.1");
  client.send("question");
  run(10ms);
  server.send("answer");
  run(10ms);
  EXPECT_EQ(server.received, "question");
  EXPECT_EQ(client.received, "answer");
}

TEST_F(SimNetworkTest, refuses_where_nobody_listens) {
  connect();
  EXPECT_EQ(client.connected, 0);
  EXPECT_EQ(client.failed, 1);
  EXPECT_EQ(client.socket->error(), io::SocketError::refused);
}

TEST_F(SimNetworkTest, black_holed_connect_fails_only_after_the_kernels_timeout) {
  listen();
  NetworkFaults faults;
  faults.black_holed = 10'000;
  network.set_faults(faults);
  client.socket = client_loop.connect(server_address, client);
  run(120s);
  EXPECT_EQ(client.connected + client.failed, 0);
  run(10s);
  EXPECT_EQ(client.failed, 1);
  EXPECT_EQ(client.socket->error(), io::SocketError::timed_out);
}

TEST_F(SimNetworkTest, a_slow_reader_pauses_the_writer) {
  NetworkFaults faults;
  faults.socket_bytes = 1000;
  network.set_faults(faults);
  listen();
  connect();
  server.reads = false;
  client.send(std::string(5000, 'x'));
  run(1s);
  EXPECT_EQ(client.to_send.size(), 4000u);
  EXPECT_EQ(client.writable, 0);
  server.reads = true;
  server_loop.kick();
  server.read_all();
  run(1s);
  EXPECT_EQ(server.received.size(), 5000u);
  EXPECT_GT(client.writable, 3);
}

TEST_F(SimNetworkTest, readiness_is_remembered_until_a_read_falls_short) {
  listen();
  connect();
  server.reads = false;
  client.send("0123456789");
  run(10ms);
  EXPECT_EQ(server.readable, 1);
  EXPECT_TRUE(server.socket->readable());
  std::array<char, 4> some;
  EXPECT_EQ(server.socket->read(some).bytes, 4u);
  EXPECT_TRUE(server.socket->readable());
  std::array<char, 100> more;
  EXPECT_EQ(server.socket->read(more).bytes, 6u);
  EXPECT_FALSE(server.socket->readable());
  EXPECT_EQ(server.socket->read(more).status, io::IoStatus::blocked);
  run(10ms);
  EXPECT_EQ(server.readable, 1);  // nothing has arrived since
  client.send("x");
  run(10ms);
  EXPECT_EQ(server.readable, 2);
}

TEST_F(SimNetworkTest, half_close_ends_one_direction_only) {
  listen();
  connect();
  client.send("last words");
  client.socket->finish_writing();
  run(10ms);
  EXPECT_EQ(server.received, "last words");
  EXPECT_EQ(server.last, io::IoStatus::end);
  server.send("reply");
  run(10ms);
  EXPECT_EQ(client.received, "reply");
}

TEST_F(SimNetworkTest, closing_in_the_handler_is_the_last_call) {
  listen();
  connect();
  server.close_on_readable = true;
  client.send("a");
  run(10ms);
  client.send("b");
  run(10ms);
  EXPECT_EQ(server.readable, 1);
  EXPECT_EQ(client.last, io::IoStatus::failed);  // bytes for a closed socket are answered by RST
  EXPECT_EQ(client.socket->error(), io::SocketError::reset);
  client.socket = nullptr;
  run(10ms);
  EXPECT_EQ(network.open_connections(), 0u);
}

TEST_F(SimNetworkTest, abort_resets) {
  listen();
  connect();
  client.socket->abort_on_close();
  client.socket = nullptr;
  run(10ms);
  EXPECT_EQ(server.last, io::IoStatus::failed);
}

TEST_F(SimNetworkTest, closing_the_listener_resets_its_queue) {
  listen();
  acceptor->pause();
  client.socket = client_loop.connect(server_address, client);
  run(10ms);
  EXPECT_EQ(client.connected, 1);
  EXPECT_EQ(accepted, 0);
  acceptor = nullptr;
  run(10ms);
  EXPECT_EQ(client.last, io::IoStatus::failed);
}

TEST_F(SimNetworkTest, a_paused_listener_accepts_after_resume) {
  listen();
  acceptor->pause();
  client.socket = client_loop.connect(server_address, client);
  run(10ms);
  ASSERT_EQ(accepted, 0);
  acceptor->resume();
  run(10ms);
  EXPECT_EQ(accepted, 1);
}

TEST_F(SimNetworkTest, a_port_is_shared_only_if_all_say_so) {
  SimLoop other(network, "other", server_address);
  listen();
  EXPECT_FALSE(other.listen(server_address, *this, {.share_port = true}).has_value());
  acceptor = nullptr;
  auto first = server_loop.listen(server_address, *this, {.share_port = true});
  auto second = other.listen(server_address, *this, {.share_port = true});
  EXPECT_TRUE(first.has_value());
  EXPECT_TRUE(second.has_value());
}

TEST_F(SimNetworkTest, the_wall_clock_jumps_and_the_other_does_not) {
  const WallTime before = network.wall_now();
  const Instant then = network.now();
  network.jump_wall_clock(-1h);
  EXPECT_EQ(network.wall_now(), before - 1h);
  EXPECT_EQ(network.now(), then);
}

class LateLetter final : public io::WakeHandler {
 public:
  void on_wake() override { ++wakes; }
  int wakes = 0;
};

TEST_F(SimNetworkTest, a_letter_may_be_read_late) {
  NetworkFaults faults;
  faults.late_wakes = 10'000;
  faults.late_wake_most = 3s;
  network.set_faults(faults);
  LateLetter reader;
  const auto waker = server_loop.make_waker(reader);
  int late = 0;
  for (int i = 0; i < 20; ++i) {
    waker->wake();
    waker->wake();
    run(100ms);
    late += reader.wakes == 0;
    run(4s);
    EXPECT_EQ(reader.wakes, 1);
    reader.wakes = 0;
  }
  EXPECT_GT(late, 10);
}

// Faults change how bytes travel, never which bytes.
TEST(SimNetwork, streams_survive_every_fault_but_resets) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    SimNetwork network(seed);
    Random random(seed);
    NetworkFaults faults = draw_network_faults(random);
    faults.resets = faults.refused = faults.black_holed = faults.reset_on_connect = 0;
    faults.unreachable = faults.out_of_descriptors = 0;
    network.set_faults(faults);
    SimLoop a(network, "a", client_host), b(network, "b", server_address);
    Peer client, server;
    struct Accept final : io::AcceptHandler {
      explicit Accept(Peer& peer) : peer_(peer) {}
      void on_accept(std::unique_ptr<io::Socket> socket) override {
        peer_.socket = std::move(socket);
        peer_.socket->set_handler(peer_);
      }
      Peer& peer_;
    } accept(server);
    auto acceptor = b.listen(server_address, accept, {});
    client.socket = a.connect(server_address, client);
    network.run_until(network.now() + 10s);
    ASSERT_EQ(client.connected, 1);
    std::string sent;
    for (int i = 0; i < 40; ++i) {
      const std::string bytes(random.below(20'000), static_cast<char>('a' + i % 26));
      sent += bytes;
      client.send(bytes);
    }
    network.run_until(network.now() + 3600s);
    EXPECT_EQ(server.received, sent);
  }
}

}  // namespace
}  // namespace daruma::sim
