// SPDX-License-Identifier: Apache-2.0
//
// For tests: two SecureSockets, or one and an end held by hand, over a network in memory.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>

#include "io/loopback_for_test.h"
#include "tls/certificate_for_test.h"
#include "tls/security_policy.h"
#include "transport/fake_network_for_test.h"
#include "transport/secure_socket.h"

namespace daruma::transport {

inline constexpr std::string_view only_tls12 = "ELBSecurityPolicy-FS-1-2-Res-2020-10";
inline constexpr std::string_view only_tls13 = "ELBSecurityPolicy-TLS13-1-3-2021-06";
inline constexpr size_t record_overhead = 22;  // TLS 1.3 with AES-GCM

inline std::unique_ptr<tls::ServerContext> make_server_context(std::string_view policy) {
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
    ASSERT_EQ(io::read_some(*client, 10).bytes, "hello");
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
  io::Recorder at_client;
  io::Recorder at_server;
  std::shared_ptr<FakePipe> to_server;
  std::shared_ptr<FakePipe> to_client;
  std::unique_ptr<FakeSocket> raw_client;
  std::unique_ptr<FakeSocket> raw_server;
  std::unique_ptr<SecureSocket> client;
  std::unique_ptr<SecureSocket> server;
};

}  // namespace daruma::transport
