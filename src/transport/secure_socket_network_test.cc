// SPDX-License-Identifier: Apache-2.0
//
// SecureSocket over the kernel's sockets.
#include <gtest/gtest.h>

#include <string>

#include "io/loopback_for_test.h"
#include "tls/certificate_for_test.h"
#include "tls/peer_for_test.h"
#include "tls/security_policy.h"
#include "transport/secure_socket.h"

namespace daruma::transport {
namespace {

using io::IoResult;
using io::IoStatus;
using io::loopback;
using io::RawPeer;
using io::read_some;
using io::Recorder;
using io::SocketError;
using io::turn_until;
using tls::testing::random_bytes;
using tls::testing::TestPeer;

// A listening port whose first connection becomes `server`.
class OverLoopback : public ::testing::Test, private io::AcceptHandler {
 protected:
  OverLoopback() : acceptor(io::listen_on_loopback(loop, *this)) {
    const tls::CertificateText certificate = tls::testing::make_certificate({});
    server_context = std::move(*tls::ServerContext::create(
        std::span(&certificate, 1), tls::default_policy, tls::make_ticket_keys()));
    client_context = std::move(*tls::ClientContext::create());
  }

  void connect_to(const Address& address) {
    client = SecureSocket::connect(loop, transport, *client_context, &cache, address, "localhost",
                                   at_client);
  }
  void establish() {
    connect_to(acceptor->local());
    ASSERT_TRUE(turn_until(loop, [&] { return at_client.connected + at_server.connected == 2; }));
  }
  // Lets a client without a loop do its handshake, and so both ends agree on keys.
  void establish(RawPeer& raw, TestPeer& tls_peer) {
    ASSERT_TRUE(turn_until(loop, [&] { return server != nullptr; }));
    tls_peer.handshake();
    raw.send(tls_peer.take_output());
    ASSERT_TRUE(turn_until(loop, [&] { return available(raw); }));
    tls_peer.feed(raw.receive().bytes);
    ASSERT_TRUE(tls_peer.handshake());
    raw.send(tls_peer.take_output());
    ASSERT_TRUE(turn_until(loop, [&] { return at_server.connected == 1; }));
  }
  static bool available(const RawPeer& raw) {
    char byte;
    return recv(raw.number(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }

  SlabPool pool;
  io::EpollLoop loop{1};
  SecureTransport transport{pool};
  std::unique_ptr<tls::ServerContext> server_context;
  std::unique_ptr<tls::ClientContext> client_context;
  tls::SessionCache cache;
  std::unique_ptr<io::Acceptor> acceptor;
  Recorder at_client;
  Recorder at_server;
  std::unique_ptr<SecureSocket> client;
  std::unique_ptr<SecureSocket> server;

 private:
  void on_accept(std::unique_ptr<io::Socket> socket) override {
    server = SecureSocket::accept(loop, transport, *server_context, std::move(socket), at_server);
  }
};

// Sends all of `to_send` and reads all that comes, with the pauses that the contract asks for.
struct Exchange {
  Exchange(std::unique_ptr<SecureSocket>& at, Recorder& recorder, std::string bytes)
      : socket(at), to_send(std::move(bytes)) {
    recorder.then_readable = [this] { read(); };
    recorder.then_writable = [this] { write(); };
  }
  void write() {
    while (sent < to_send.size()) {
      const size_t size = std::min<size_t>(to_send.size() - sent, 1 + random.below(100'000));
      const IoResult result = socket->write(std::string_view(to_send).substr(sent, size));
      ASSERT_NE(result.status, IoStatus::failed);
      sent += result.bytes;
      if (result.bytes < size) return;
    }
  }
  void read() {
    for (;;) {
      const size_t size = 1 + random.below(80'000);
      const io::Received got = read_some(*socket, size);
      received += got.bytes;
      if (got.bytes.size() < size) return;
      // Now and then nobody reads for a while, though there may be more.
      if ((paused = random.chance(1, 4))) return;
    }
  }
  std::unique_ptr<SecureSocket>& socket;
  std::string to_send;
  size_t sent = 0;
  std::string received;
  bool paused = false;
  Random random{1};
};

TEST_F(OverLoopback, megabytes_pass_both_ways_at_once) {
  establish();
  Exchange at_one(client, at_client, random_bytes(3'000'000, 1));
  Exchange at_other(server, at_server, random_bytes(3'000'000, 2));
  at_one.write();
  at_other.write();
  EXPECT_TRUE(turn_until(loop, [&] {
    for (Exchange* exchange : {&at_one, &at_other}) {
      if (std::exchange(exchange->paused, false)) exchange->read();
    }
    return at_one.received.size() == 3'000'000 && at_other.received.size() == 3'000'000;
  }));
  EXPECT_TRUE(at_one.received == at_other.to_send);
  EXPECT_TRUE(at_other.received == at_one.to_send);
  EXPECT_EQ(pool.outstanding(), 0u);
}

TEST_F(OverLoopback, a_reader_that_pauses_stops_the_writer) {
  establish();
  const std::string bytes = random_bytes(16'000'000, 3);
  std::string_view left = bytes;
  const auto write = [&] {
    while (!left.empty()) {
      const IoResult result = client->write(left);
      left.remove_prefix(result.bytes);
      if (!left.empty() && result.status == IoStatus::blocked) return;
    }
  };
  at_client.then_writable = write;
  write();
  io::settle(loop);
  const size_t stopped_at = left.size();
  EXPECT_GT(stopped_at, 0u);
  EXPECT_GT(client->pending_bytes(), 0u);
  EXPECT_LE(client->pending_bytes(), SecureSocket::output_bytes_max);
  io::settle(loop);
  EXPECT_EQ(left.size(), stopped_at);
  std::string got;
  at_server.then_readable = [&] {
    while (server->readable()) got += read_some(*server, 65536).bytes;
  };
  at_server.then_readable();
  EXPECT_TRUE(turn_until(loop, [&] { return got.size() == bytes.size(); }));
  EXPECT_TRUE(got == bytes);
}

TEST_F(OverLoopback, a_side_may_end_while_the_other_goes_on) {
  establish();
  client->write("question");
  client->finish_writing();
  ASSERT_TRUE(turn_until(loop, [&] { return at_server.readable > 0; }));
  EXPECT_EQ(read_some(*server, 100).bytes, "question");
  ASSERT_TRUE(turn_until(loop, [&] { return server->readable(); }));
  EXPECT_EQ(read_some(*server, 100).status, IoStatus::end);
  server->write("answer");
  server.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return at_client.readable > 0; }));
  EXPECT_EQ(read_some(*client, 100).bytes, "answer");
  EXPECT_EQ(read_some(*client, 100).status, IoStatus::end);
}

TEST_F(OverLoopback, an_end_without_close_notify_is_a_truncation) {
  RawPeer raw(acceptor->local());
  TestPeer tls_peer(TestPeer::Side::client, nullptr);
  establish(raw, tls_peer);
  tls_peer.write("all of it");
  raw.send(tls_peer.take_output());
  raw.finish();
  ASSERT_TRUE(turn_until(loop, [&] { return at_server.readable > 0; }));
  EXPECT_EQ(read_some(*server, 100).bytes, "all of it");
  ASSERT_TRUE(turn_until(loop, [&] { return server->readable(); }));
  EXPECT_EQ(read_some(*server, 100).status, IoStatus::failed);
  EXPECT_EQ(server->error(), SocketError::tls_truncated);
}

TEST_F(OverLoopback, megabytes_pass_in_records_of_512_bytes) {
  RawPeer raw(acceptor->local());
  TestPeer tls_peer(TestPeer::Side::client, [](SSL_CTX* context) {
    SSL_CTX_set_tlsext_max_fragment_length(context, TLSEXT_max_fragment_length_512);
  });
  establish(raw, tls_peer);
  const std::string bytes = random_bytes(1'000'000, 5);
  std::string_view left = bytes;
  const auto write = [&] {
    while (!left.empty()) {
      const IoResult result = server->write(left);
      ASSERT_NE(result.status, IoStatus::failed);
      if (result.status == IoStatus::blocked) return;
      left.remove_prefix(result.bytes);
    }
  };
  at_server.then_writable = write;
  write();
  std::string got;
  EXPECT_TRUE(turn_until(loop, [&] {
    if (available(raw)) tls_peer.feed(raw.receive().bytes);
    got += tls_peer.read();
    return got.size() == bytes.size() || HasFatalFailure();
  }));
  EXPECT_TRUE(got == bytes);
}

TEST_F(OverLoopback, a_reset_in_the_middle_of_a_record_is_a_reset) {
  RawPeer raw(acceptor->local());
  TestPeer tls_peer(TestPeer::Side::client, nullptr);
  establish(raw, tls_peer);
  tls_peer.write("half of this arrives");
  raw.send(tls_peer.take_output().substr(0, 20));
  raw.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return at_server.readable > 0; }));
  io::Received got = read_some(*server, 100);
  while (got.status == IoStatus::blocked && server->readable()) got = read_some(*server, 100);
  if (got.status == IoStatus::blocked) {
    ASSERT_TRUE(turn_until(loop, [&] { return server->readable(); }));
    got = read_some(*server, 100);
  }
  EXPECT_EQ(got.status, IoStatus::failed);
  EXPECT_EQ(server->error(), SocketError::reset);
}

TEST_F(OverLoopback, nobody_listening_is_refused) {
  const Address nobody = acceptor->local();
  acceptor.reset();
  connect_to(nobody);
  ASSERT_TRUE(turn_until(loop, [&] { return at_client.connect_failed == 1; }));
  EXPECT_EQ(client->error(), SocketError::refused);
  EXPECT_FALSE(client->tcp_connected());
}

TEST_F(OverLoopback, a_target_that_hangs_up_in_the_handshake_fails_it) {
  io::Keeper keeper;
  const auto target = io::listen_on_loopback(loop, keeper);
  keeper.then = [&] { keeper.sockets.clear(); };
  connect_to(target->local());
  ASSERT_TRUE(turn_until(loop, [&] { return at_client.connect_failed == 1; }));
  EXPECT_TRUE(client->tcp_connected());
  // The hello may have met the closed socket first.
  EXPECT_TRUE(client->error() == SocketError::tls_handshake ||
              client->error() == SocketError::reset);
  EXPECT_EQ(at_client.calls(), 1);
}

TEST_F(OverLoopback, plain_http_gets_a_plain_answer) {
  at_server.then_connect_failed = [&] {
    ASSERT_TRUE(server->session().peer_spoke_http());
    server->give_up_tls()->write("HTTP/1.1 400 Bad Request\r\n\r\n");
    server.reset();
  };
  RawPeer raw(acceptor->local());
  raw.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(turn_until(loop, [&] { return at_server.connect_failed == 1; }));
  EXPECT_EQ(raw.receive().bytes, "HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(raw.receive().error_number, 0);
}

TEST_F(OverLoopback, both_ends_may_vanish_within_their_handlers) {
  at_client.then_connected = [&] { client.reset(); };
  at_server.then_connect_failed = at_server.then_connected = [&] { server.reset(); };
  connect_to(acceptor->local());
  EXPECT_TRUE(turn_until(loop, [&] { return at_client.connected + at_server.calls() == 2; }));
  EXPECT_EQ(client, nullptr);
  EXPECT_EQ(server, nullptr);
  EXPECT_EQ(pool.outstanding(), 0u);
}

TEST_F(OverLoopback, sessions_are_resumed) {
  for (const bool resumed : {false, true, true}) {
    at_client = {};
    at_server = {};
    establish();
    EXPECT_EQ(client->session().resumed(), resumed);
    EXPECT_EQ(server->session().resumed(), resumed);
    server->write("x");
    ASSERT_TRUE(turn_until(loop, [&] { return at_client.readable > 0; }));
    EXPECT_EQ(read_some(*client, 10).bytes, "x");
    client.reset();
    server.reset();
  }
}

}  // namespace
}  // namespace daruma::transport
