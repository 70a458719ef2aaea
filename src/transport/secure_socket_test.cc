// SPDX-License-Identifier: Apache-2.0
#include "transport/secure_socket.h"

#include <gtest/gtest.h>

#include <string>

#include "io/loopback_for_test.h"
#include "tls/certificate_for_test.h"
#include "tls/peer_for_test.h"
#include "tls/security_policy.h"
#include "transport/fake_network_for_test.h"

namespace daruma::transport {
namespace {

using io::IoStatus;
using io::read_some;
using io::Recorder;
using io::SocketError;
using tls::testing::random_bytes;
using tls::testing::TestPeer;

constexpr std::string_view only_tls12 = "ELBSecurityPolicy-FS-1-2-Res-2020-10";
constexpr std::string_view only_tls13 = "ELBSecurityPolicy-TLS13-1-3-2021-06";
constexpr size_t record_overhead = 22;  // TLS 1.3 with AES-GCM

std::unique_ptr<tls::ServerContext> make_server_context(std::string_view policy) {
  const tls::CertificateText certificate = tls::testing::make_certificate({});
  return std::move(
      *tls::ServerContext::create(std::span(&certificate, 1), policy, tls::make_ticket_keys()));
}

// A loop, a client that connects and a server that accepts. Either may be left out, to hold its end
// of the connection by hand.
class Connection {
 public:
  explicit Connection(std::string_view policy = only_tls13)
      : server_context(make_server_context(policy)),
        client_context(std::move(*tls::ClientContext::create())) {}

  void connect() {
    client =
        SecureSocket::connect(loop, transport, *client_context, &cache, Address(), "", at_client);
    raw_server = std::move(loop.connected_to);
    to_server = raw_server->in;
    to_client = raw_server->out;
  }
  void accept() {
    server =
        SecureSocket::accept(loop, transport, *server_context, std::move(raw_server), at_server);
  }
  void accept_from_raw_client() {
    std::tie(raw_client, raw_server) = loop.pair();
    raw_client->set_handler(at_client);
    to_server = raw_server->in;
    to_client = raw_server->out;
    accept();
  }
  void establish() {
    connect();
    accept();
    loop.settle();
    ASSERT_EQ(at_client.connected, 1);
    ASSERT_EQ(at_server.connected, 1);
  }
  // After that no session ticket waits for the server's first answer.
  void establish_and_greet() {
    establish();
    server->write("hello");
    loop.settle();
    ASSERT_EQ(read_some(*client, 10).bytes, "hello");
    at_client = {};
    at_server = {};
  }
  // Puts bytes on the wire to the server.
  void send_raw(std::string_view bytes) {
    to_server->in_flight += bytes;
    loop.settle();
  }

  FakeLoop loop;
  SlabPool pool;
  SecureTransport transport{pool};
  std::unique_ptr<tls::ServerContext> server_context;
  std::unique_ptr<tls::ClientContext> client_context;
  tls::SessionCache cache;
  Recorder at_client;
  Recorder at_server;
  std::shared_ptr<FakePipe> to_server;
  std::shared_ptr<FakePipe> to_client;
  std::unique_ptr<FakeSocket> raw_client;
  std::unique_ptr<FakeSocket> raw_server;
  std::unique_ptr<SecureSocket> client;
  std::unique_ptr<SecureSocket> server;
};

TEST(SecureSocket, stays_small) {
  EXPECT_LE(sizeof(SecureSocket), 176u);
}

TEST(SecureSocket, an_exchange_costs_one_read_and_one_write_on_each_side) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    Connection c(policy);
    c.establish();
    const std::string head(200, 'h');
    const std::string body(1000, 'b');
    // The first read of the client meets the tickets; from then on nothing is in the way.
    for (int round = 0; round < 3; ++round) {
      const int reads = c.loop.reads;
      const int writes = c.loop.writes;
      const std::string_view request[] = {head, body};
      ASSERT_EQ(c.client->write(request).bytes, 1200u);
      // One record, in one call.
      EXPECT_EQ(c.client->pending_bytes(), 0u);
      c.loop.settle();
      EXPECT_EQ(read_some(*c.server, 16384).bytes, head + body);
      EXPECT_FALSE(c.server->readable());
      ASSERT_EQ(c.server->write(request).bytes, 1200u);
      c.loop.settle();
      EXPECT_EQ(read_some(*c.client, 16384).bytes, head + body);
      EXPECT_FALSE(c.client->readable());
      EXPECT_EQ(c.loop.reads - reads, 2);
      EXPECT_EQ(c.loop.writes - writes, 2);
    }
    EXPECT_EQ(c.loop.vain_reads, 0);
    EXPECT_EQ(c.loop.vain_writes, 0);
    EXPECT_EQ(c.pool.outstanding(), 0u);
  }
}

TEST(SecureSocket, pieces_share_a_record) {
  Connection c(only_tls13);
  c.establish();
  const std::string_view pieces[] = {"head", "", "body", "tail"};
  EXPECT_EQ(c.client->write(pieces).bytes, 12u);
  EXPECT_EQ(c.to_server->in_flight.size(), 12 + record_overhead);
  c.to_server->in_flight.clear();
  const std::string large(30'000, 'x');
  const std::string_view more[] = {"head", large, "tail"};
  EXPECT_EQ(c.client->write(more).bytes, 30'008u);
  EXPECT_EQ(c.to_server->in_flight.size(), 30'008 + 2 * record_overhead);
}

// Client: hello · finished and request. Server: its flight · tickets and answer.
TEST(SecureSocket, handshake_and_first_exchange_take_two_writes_on_each_side) {
  Connection c(only_tls13);
  c.at_client.then_connected = [&] { EXPECT_EQ(c.client->write("request").bytes, 7u); };
  c.at_server.then_readable = [&] {
    EXPECT_EQ(read_some(*c.server, 100).bytes, "request");
    EXPECT_EQ(c.server->write("answer").bytes, 6u);
  };
  c.connect();
  c.accept();
  c.loop.settle();
  EXPECT_EQ(c.at_server.connected, 1);
  EXPECT_EQ(c.at_server.readable, 1);
  EXPECT_EQ(read_some(*c.client, 100).bytes, "answer");
  EXPECT_EQ(c.cache.size(), 1u);
  EXPECT_EQ(c.loop.writes, 4);
  EXPECT_EQ(c.loop.vain_reads, 0);
}

TEST(SecureSocket, resumes_with_the_cache) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    Connection c(policy);
    for (const bool resumed : {false, true, true}) {
      c.at_client = {};
      c.at_server = {};
      c.establish();
      EXPECT_EQ(c.server->session().resumed(), resumed);
      c.server->write("x");
      c.loop.settle();
      EXPECT_EQ(read_some(*c.client, 10).bytes, "x");
      c.client.reset();
      c.server.reset();
    }
  }
}

TEST(SecureSocket, tickets_alone_are_no_data) {
  Connection c(only_tls13);
  c.establish();
  c.server->write("x");
  c.at_client = {};
  c.loop.bytes_per_turn = 250;  // the ticket comes first, and alone
  c.loop.turn();
  EXPECT_EQ(c.at_client.readable, 1);
  EXPECT_TRUE(c.client->readable());
  EXPECT_EQ(read_some(*c.client, 10).status, IoStatus::blocked);
  EXPECT_FALSE(c.client->readable());
  c.loop.settle();
  EXPECT_EQ(read_some(*c.client, 10).bytes, "x");
}

TEST(SecureSocket, knows_when_tcp_was_connected) {
  Connection c;
  c.connect();
  EXPECT_FALSE(c.client->tcp_connected());
  c.loop.turn();
  EXPECT_TRUE(c.client->tcp_connected());
  EXPECT_EQ(c.at_client.calls(), 0);
  // Until the handshake is through, nothing can be read, and writing waits.
  EXPECT_FALSE(c.client->readable());
  EXPECT_EQ(read_some(*c.client, 10).status, IoStatus::blocked);
  EXPECT_EQ(c.client->write("early").status, IoStatus::blocked);
  c.accept();
  c.loop.settle();
  EXPECT_EQ(c.at_client.connected, 1);
  EXPECT_EQ(c.at_client.writable, 1);
}

TEST(SecureSocket, begins_with_what_arrived_before_it_was_made) {
  Connection c;
  c.connect();
  Recorder before;
  c.raw_server->set_handler(before);
  c.loop.settle();
  ASSERT_EQ(before.readable, 1);
  c.accept();
  EXPECT_EQ(c.at_server.calls(), 0);
  c.loop.settle();
  EXPECT_EQ(c.at_server.connected, 1);
}

TEST(SecureSocket, readable_stays_true_while_anything_is_left_inside) {
  Connection c;
  c.establish_and_greet();
  const std::string bytes = random_bytes(40'000, 1);
  ASSERT_EQ(c.client->write(bytes).bytes, bytes.size());
  c.loop.settle();
  EXPECT_EQ(c.at_server.readable, 1);
  std::string got;
  // Nobody will announce the rest: it is asked for as long as readable() says so.
  while (c.server->readable()) got += read_some(*c.server, 777).bytes;
  EXPECT_EQ(got, bytes);
  EXPECT_EQ(c.at_server.readable, 1);
  EXPECT_EQ(c.pool.outstanding(), 0u);
}

TEST(SecureSocket, a_large_read_takes_many_records_from_one_network_read) {
  Connection c;
  c.establish();
  for (int i = 0; i < 50; ++i) c.client->write(std::string(1000, static_cast<char>('a' + i % 26)));
  c.loop.settle();
  const int reads = c.loop.reads;
  EXPECT_EQ(read_some(*c.server, 60'000).bytes.size(), 50'000u);
  EXPECT_EQ(c.loop.reads - reads, 1);
}

TEST(SecureSocket, a_slow_network_bounds_what_is_kept) {
  for (const size_t window : {size_t{1000}, size_t{30'000}}) {
    Connection c;
    c.loop.window = window;
    c.establish_and_greet();
    const std::string bytes = random_bytes(300'000, 2);
    std::string_view left = bytes;
    const auto write = [&] {
      const io::IoResult result = c.client->write(left);
      left.remove_prefix(result.bytes);
      EXPECT_LE(c.client->pending_bytes(), SecureSocket::output_bytes_max);
      return result;
    };
    EXPECT_EQ(write().status, IoStatus::done);
    EXPECT_GT(c.client->pending_bytes(), 0u);
    EXPECT_LT(300'000 - left.size(), window + SecureSocket::output_bytes_max);
    EXPECT_EQ(write().status, IoStatus::blocked);
    c.at_client.then_writable = [&] { EXPECT_EQ(write().status, IoStatus::done); };
    std::string got;
    while (c.loop.turn() || c.server->readable()) got += read_some(*c.server, 5000).bytes;
    EXPECT_EQ(got, bytes);
    EXPECT_TRUE(left.empty());
    // A wake-up is worth at least a record.
    EXPECT_LE(c.at_client.writable, 300'000 / 16'384 + 1);
    EXPECT_EQ(c.client->pending_bytes(), 0u);
    EXPECT_EQ(c.pool.outstanding(), 0u);
    EXPECT_EQ(c.loop.vain_writes, 0);
  }
}

TEST(SecureSocket, ends_in_order_on_each_side_alone) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    Connection c(policy);
    c.establish();
    c.client->write("last");
    c.client->finish_writing();
    EXPECT_EQ(c.client->pending_bytes(), 0u);
    c.loop.settle();
    EXPECT_EQ(read_some(*c.server, 100).bytes, "last");
    EXPECT_TRUE(c.server->readable());
    EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::end);
    EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::end);
    c.server->write("answer");
    c.loop.settle();
    EXPECT_EQ(read_some(*c.client, 100).bytes, "answer");
    c.server->finish_writing();
    c.loop.settle();
    EXPECT_EQ(read_some(*c.client, 100).status, IoStatus::end);
    EXPECT_EQ(c.client->error(), SocketError::none);
    EXPECT_EQ(c.server->error(), SocketError::none);
  }
}

TEST(SecureSocket, tells_when_the_last_byte_has_left_after_finish_writing) {
  Connection c;
  c.loop.window = 5000;
  c.establish();
  const std::string bytes = random_bytes(40'000, 3);
  ASSERT_EQ(c.client->write(bytes).bytes, bytes.size());
  c.client->finish_writing();
  EXPECT_GT(c.client->pending_bytes(), 0u);
  c.at_client.then_writable = [&] {
    EXPECT_EQ(c.client->pending_bytes(), 0u);
    c.client.reset();
  };
  std::string got;
  while (c.loop.turn() || (c.server->readable() && got.size() < bytes.size())) {
    got += read_some(*c.server, 1000).bytes;
  }
  EXPECT_EQ(got, bytes);
  EXPECT_EQ(c.client, nullptr);
  EXPECT_EQ(read_some(*c.server, 10).status, IoStatus::end);
}

TEST(SecureSocket, destroying_says_close_notify) {
  Connection c;
  c.establish();
  c.client->write("x");
  c.client.reset();
  c.loop.settle();
  EXPECT_EQ(read_some(*c.server, 10).bytes, "x");
  EXPECT_EQ(read_some(*c.server, 10).status, IoStatus::end);
}

TEST(SecureSocket, aborting_resets_without_a_word) {
  Connection c;
  c.establish();
  const int writes = c.loop.writes;
  c.client->abort_on_close();
  c.client.reset();
  EXPECT_EQ(c.loop.writes, writes);
  c.loop.settle();
  EXPECT_EQ(c.at_server.readable, 1);
  EXPECT_EQ(read_some(*c.server, 10).status, IoStatus::failed);
  EXPECT_EQ(c.server->error(), SocketError::reset);
  EXPECT_EQ(c.server->write("x").status, IoStatus::failed);
  EXPECT_TRUE(c.server->readable());
}

TEST(SecureSocket, a_missing_close_notify_is_told_after_the_data) {
  Connection c;
  c.establish();
  c.client->write("complete message");
  c.to_server->finished = true;  // as when the client's process was killed
  c.loop.settle();
  EXPECT_EQ(read_some(*c.server, 100).bytes, "complete message");
  EXPECT_TRUE(c.server->readable());
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
  EXPECT_EQ(c.server->error(), SocketError::tls_truncated);
  EXPECT_EQ(c.server->error_text(), "tls_truncated");
  // Its other direction may be alive.
  EXPECT_EQ(c.server->write("answer").status, IoStatus::done);
}

TEST(SecureSocket, a_reset_within_a_record_is_a_reset) {
  Connection c;
  c.establish();
  c.client->write("message");
  c.to_server->in_flight.resize(10);
  c.loop.settle();
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::blocked);
  EXPECT_FALSE(c.server->readable());
  c.to_server->reset = true;
  c.loop.settle();
  EXPECT_TRUE(c.server->readable());
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
  EXPECT_EQ(c.server->error(), SocketError::reset);
  EXPECT_EQ(c.server->write("answer").status, IoStatus::failed);
}

TEST(SecureSocket, a_broken_record_is_told_to_both_ends) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    Connection c(policy);
    c.establish();
    c.client->write("good");
    c.send_raw(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
    EXPECT_EQ(read_some(*c.server, 100).bytes, "good");
    EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
    EXPECT_EQ(c.server->error(), SocketError::tls_record);
    EXPECT_NE(c.server->error_text(), "");
    EXPECT_EQ(c.server->write("x").status, IoStatus::failed);
    c.loop.settle();
    EXPECT_EQ(read_some(*c.client, 100).status, IoStatus::failed);
    EXPECT_EQ(c.client->error(), SocketError::tls_record);
  }
}

// The target answered and went away while the request was still being written.
TEST(SecureSocket, what_came_before_a_failed_write_can_be_read) {
  Connection c;
  c.establish();
  c.server->write("413 too large");
  c.loop.settle();
  c.to_server->reset = true;
  EXPECT_EQ(c.client->write("body").status, IoStatus::failed);
  EXPECT_EQ(c.client->error(), SocketError::reset);
  EXPECT_TRUE(c.client->readable());
  EXPECT_EQ(read_some(*c.client, 100).bytes, "413 too large");
  EXPECT_EQ(read_some(*c.client, 100).status, IoStatus::failed);
}

TEST(SecureSocket, the_handler_hears_of_a_write_that_fails_later) {
  Connection c;
  c.loop.window = 1000;
  c.establish();
  ASSERT_EQ(c.client->write(std::string(50'000, 'x')).bytes, 50'000u);
  const int heard = c.at_client.readable;
  c.to_server->reset = true;
  c.to_server->window = 1 << 20;
  c.loop.settle();
  EXPECT_EQ(c.at_client.readable, heard + 1);
  EXPECT_TRUE(c.client->readable());
  EXPECT_EQ(read_some(*c.client, 100).status, IoStatus::failed);
  EXPECT_EQ(c.client->pending_bytes(), 0u);
}

TEST(SecureSocket, tcp_that_fails_to_connect_is_told_as_it_is) {
  Connection c;
  c.loop.refuse_next = true;
  c.connect();
  c.loop.settle();
  EXPECT_EQ(c.at_client.connect_failed, 1);
  EXPECT_EQ(c.at_client.calls(), 1);
  EXPECT_FALSE(c.client->tcp_connected());
  EXPECT_EQ(c.client->error(), SocketError::refused);
  EXPECT_EQ(c.client->write("x").status, IoStatus::failed);
  EXPECT_EQ(read_some(*c.client, 1).status, IoStatus::failed);
}

TEST(SecureSocket, a_handshake_fails_in_its_own_way) {
  enum class Wrong { garbage, end, reset, cut };
  const struct {
    Wrong wrong;
    SocketError error;
    std::string_view text;
  } rows[] = {
      {Wrong::garbage, SocketError::tls_handshake, "wrong version number"},
      {Wrong::end, SocketError::tls_handshake, "the peer closed during the handshake"},
      {Wrong::reset, SocketError::reset, "reset"},
      {Wrong::cut, SocketError::tls_handshake, "the peer closed during the handshake"},
  };
  for (const auto& row : rows) {
    Connection c;
    c.connect();
    c.loop.turn();
    switch (row.wrong) {
      case Wrong::garbage:
        c.to_client->in_flight = "SSH-2.0-OpenSSH\r\n";
        break;
      case Wrong::end:
        c.to_client->finished = true;
        break;
      case Wrong::reset:
        c.to_client->reset = true;
        break;
      case Wrong::cut:
        c.accept();
        c.loop.turn();
        ASSERT_GT(c.to_client->in_flight.size(), 100u);
        c.to_client->in_flight.resize(100);
        c.to_client->finished = true;
        break;
    }
    c.loop.settle();
    EXPECT_EQ(c.at_client.connect_failed, 1);
    EXPECT_EQ(c.at_client.calls(), 1);
    EXPECT_TRUE(c.client->tcp_connected());
    EXPECT_EQ(c.client->error(), row.error);
    EXPECT_EQ(c.client->error_text(), row.text);
    EXPECT_EQ(read_some(*c.client, 1).status, IoStatus::failed);
    EXPECT_EQ(c.client->write("x").status, IoStatus::failed);
  }
}

TEST(SecureSocket, parameters_that_do_not_match_fail_on_both_ends) {
  Connection c(only_tls13);
  c.accept_from_raw_client();
  TestPeer peer(TestPeer::Side::client,
                [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); });
  EXPECT_FALSE(peer.handshake());
  c.send_raw(peer.take_output());
  EXPECT_EQ(c.at_server.connect_failed, 1);
  EXPECT_EQ(c.server->error(), SocketError::tls_handshake);
  EXPECT_EQ(c.server->error_text(), "unsupported protocol");
  EXPECT_FALSE(c.server->session().peer_spoke_http());
  // The alert left before the handler was told.
  peer.feed(c.to_client->arrived);
  EXPECT_FALSE(peer.handshake());
  EXPECT_EQ(tls::take_error_text(), "tlsv1 alert protocol version");
}

TEST(SecureSocket, plain_http_can_be_answered_in_its_own_language) {
  Connection c;
  c.accept_from_raw_client();
  c.at_server.then_connect_failed = [&] {
    EXPECT_TRUE(c.server->session().peer_spoke_http());
    EXPECT_EQ(c.server->write_plain("HTTP/1.1 400 Bad Request\r\n\r\n").bytes, 28u);
    c.server->finish_writing();
    c.server.reset();
  };
  c.send_raw("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
  EXPECT_EQ(c.server, nullptr);
  EXPECT_EQ(read_some(*c.raw_client, 100).bytes, "HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(read_some(*c.raw_client, 100).status, IoStatus::end);
}

// Each of the four calls may be the last that the socket sees.
TEST(SecureSocket, may_be_destroyed_within_any_of_its_handlers_calls) {
  {
    Connection c;
    c.at_client.then_connected = [&] { c.client.reset(); };
    c.at_server.then_connected = [&] { c.server.reset(); };
    c.connect();
    c.accept();
    c.loop.settle();
    EXPECT_EQ(c.client, nullptr);
    EXPECT_EQ(c.server, nullptr);
  }
  {
    Connection c;
    c.at_client.then_connected = [&] { c.client->write("request"); };
    c.at_server.then_readable = [&] { c.server.reset(); };
    c.connect();
    c.accept();
    c.loop.settle();
    EXPECT_EQ(c.server, nullptr);
    EXPECT_EQ(read_some(*c.client, 10).status, IoStatus::end);
  }
  {
    Connection c;
    c.loop.window = 3000;
    c.establish_and_greet();
    const std::string bytes(200'000, 'x');
    EXPECT_LT(c.client->write(bytes).bytes, bytes.size());
    c.at_client.then_writable = [&] { c.client.reset(); };
    while (c.loop.turn() || (c.server->readable() && c.client)) read_some(*c.server, 5000);
    EXPECT_EQ(c.client, nullptr);
    EXPECT_EQ(c.pool.outstanding(), 0u);
  }
  {
    Connection c;
    c.at_server.then_connect_failed = [&] { c.server.reset(); };
    c.accept_from_raw_client();
    c.send_raw("nonsense");
    EXPECT_EQ(c.server, nullptr);
  }
}

TEST(SecureSocket, input_after_close_notify_is_dropped) {
  Connection c;
  c.establish();
  c.client->write("last");
  c.client->finish_writing();
  c.send_raw(std::string(1000, 'x'));
  EXPECT_EQ(read_some(*c.server, 100).bytes, "last");
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::end);
  const int heard = c.at_server.readable;
  c.send_raw(std::string(1000, 'x'));
  EXPECT_EQ(c.at_server.readable, heard);
  EXPECT_EQ(c.server->error(), SocketError::none);
  // But that the peer is gone altogether is news.
  c.to_server->reset = true;
  c.loop.settle();
  EXPECT_EQ(c.at_server.readable, heard + 1);
  EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::failed);
  EXPECT_EQ(c.server->error(), SocketError::reset);
}

TEST(SecureSocket, answers_key_updates_without_being_asked_to_write) {
  Connection c(only_tls13);
  c.accept_from_raw_client();
  TestPeer peer(TestPeer::Side::client, nullptr);
  const auto exchange = [&] {
    c.send_raw(peer.take_output());
    peer.feed(std::exchange(c.to_client->arrived, {}));
  };
  peer.handshake();
  exchange();
  ASSERT_TRUE(peer.handshake());
  exchange();
  ASSERT_EQ(c.at_server.connected, 1);
  // OpenSSL answers the first when there is something else to do, as RFC 8446 4.6.3 allows.
  const int writes = c.loop.writes;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    peer.handshake();
    c.send_raw(peer.take_output());
    EXPECT_EQ(read_some(*c.server, 100).status, IoStatus::blocked);
  }
  EXPECT_EQ(c.loop.writes, writes + 1);
  c.server->write("under the new keys");
  c.loop.settle();
  peer.feed(c.to_client->arrived);
  EXPECT_EQ(peer.read(), "under the new keys");
}

TEST(SecureSocket, writing_waits_while_a_target_renegotiates) {
  Connection c;
  c.connect();
  Recorder at_target;
  c.raw_server->set_handler(at_target);
  const tls::CertificateText certificate = tls::testing::make_certificate({});
  TestPeer target(
      TestPeer::Side::server,
      [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); },
      &certificate);
  const auto exchange = [&] {
    c.loop.settle();
    target.feed(std::exchange(c.to_server->arrived, {}));
    target.handshake();
    c.to_client->in_flight += target.take_output();
  };
  c.at_client.then_readable = [&] { read_some(*c.client, 100); };
  exchange();
  exchange();
  c.loop.settle();
  ASSERT_EQ(c.at_client.connected, 1);
  ASSERT_EQ(SSL_renegotiate(target.ssl()), 1);
  exchange();
  c.loop.settle();
  EXPECT_EQ(c.client->write("waits").status, IoStatus::blocked);
  c.at_client.then_writable = [&] {
    if (c.client->write("waits").status == IoStatus::done) c.at_client.then_writable = nullptr;
  };
  std::string got;
  for (int i = 0; i < 5; ++i) {
    exchange();
    got += target.read();
  }
  EXPECT_EQ(got, "waits");
  EXPECT_EQ(c.at_client.then_writable, nullptr);
}

// Two ends that echo with random spans and pauses over a network that takes and gives a few bytes
// at a time, and obey the contract to the letter: they read when told to and while it says so.
class Echoer {
 public:
  Echoer(Random& random, std::unique_ptr<SecureSocket>& socket, Recorder& recorder)
      : random_(random), socket_(socket) {
    recorder.then_readable = [this] { may_read_ = true; };
    recorder.then_writable = [this] { may_write_ = true; };
    recorder.then_connected = [this] { may_write_ = true; };
  }
  // Works a little; true if it could.
  bool work(std::string& to_send) {
    const bool wrote = may_write_ && !to_send.empty() && write(to_send);
    const bool read = (may_read_ || socket_->readable()) && read_once();
    return wrote || read;
  }
  std::string received;

 private:
  bool write(std::string& to_send) {
    const size_t size = std::min<size_t>(to_send.size(), 1 + random_.below(40'000));
    const size_t cut = random_.below(size);
    const std::string_view pieces[] = {std::string_view(to_send).substr(0, cut),
                                       std::string_view(to_send).substr(cut, size - cut)};
    const io::IoResult result = socket_->write(pieces);
    EXPECT_NE(result.status, IoStatus::failed);
    to_send.erase(0, result.bytes);
    may_write_ = result.bytes == size;
    return true;
  }
  bool read_once() {
    const size_t size = 1 + random_.below(random_.chance(1, 2) ? 100 : 70'000);
    const io::Received got = read_some(*socket_, size);
    EXPECT_NE(got.status, IoStatus::failed);
    received += got.bytes;
    may_read_ = got.bytes.size() == size;
    EXPECT_TRUE(may_read_ || !socket_->readable());
    return true;
  }
  Random& random_;
  std::unique_ptr<SecureSocket>& socket_;
  bool may_read_ = false;
  bool may_write_ = false;
};

TEST(SecureSocket, loses_neither_bytes_nor_wake_ups_whatever_the_network_does) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Connection c(seed % 2 == 0 ? only_tls12 : only_tls13);
    c.loop.window = 1 + random.below(random.chance(1, 2) ? 3000 : 200'000);
    c.loop.bytes_per_turn = 1 + random.below(random.chance(1, 3) ? 500 : 100'000);
    Echoer client(random, c.client, c.at_client);
    Echoer server(random, c.server, c.at_server);
    c.connect();
    c.accept();
    const std::string question = random_bytes(random.below(150'000), seed);
    const std::string answer = random_bytes(random.below(150'000), seed + 1000);
    std::string from_client = question;
    std::string from_server = answer;
    for (bool busy = true; busy;) {
      busy = c.loop.turn();
      if (random.chance(1, 2)) busy |= client.work(from_client);
      if (random.chance(1, 2)) busy |= server.work(from_server);
      // Standing still for a moment is no end: both get their turn before.
      if (!busy) busy = client.work(from_client) | server.work(from_server);
    }
    EXPECT_EQ(server.received, question);
    EXPECT_EQ(client.received, answer);
    EXPECT_EQ(c.loop.vain_reads, 0);
    EXPECT_EQ(c.client->pending_bytes() + c.server->pending_bytes(), 0u);
  }
}

}  // namespace
}  // namespace daruma::transport
