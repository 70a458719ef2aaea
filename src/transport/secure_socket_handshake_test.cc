// SPDX-License-Identifier: Apache-2.0
//
// How connections begin.
#include "transport/secure_socket.h"

#include <gtest/gtest.h>

#include <string>

#include "tls/peer_for_test.h"
#include "transport/connection_for_test.h"

namespace daruma::transport {
namespace {

using io::IoStatus;
using io::read_some;
using io::Recorder;
using io::SocketError;
using tls::testing::TestPeer;

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
    const std::unique_ptr<io::Socket> plain = c.server->give_up_tls();
    c.server.reset();
    EXPECT_EQ(plain->write("HTTP/1.1 400 Bad Request\r\n\r\n").bytes, 28u);
    plain->finish_writing();
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

}  // namespace
}  // namespace daruma::transport
