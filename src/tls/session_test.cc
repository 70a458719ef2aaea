// SPDX-License-Identifier: Apache-2.0
#include "tls/session.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/err.h>

#include <string>
#include <vector>

#include "tls/certificate_for_test.h"
#include "tls/peer_for_test.h"
#include "tls/security_policy.h"

namespace daruma::tls {
namespace {

using namespace testing;  // NOLINT: this folder's own test helpers

constexpr std::string_view only_tls12 = "ELBSecurityPolicy-FS-1-2-Res-2020-10";
constexpr std::string_view only_tls13 = "ELBSecurityPolicy-TLS13-1-3-2021-06";

std::unique_ptr<ServerContext> server_context(std::string_view policy,
                                              const TicketKeys& keys = make_ticket_keys(),
                                              TestCertificate certificate = {}) {
  const CertificateText text = make_certificate(certificate);
  auto made = ServerContext::create(std::span(&text, 1), policy, keys);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

// Two sessions and the wire between them.
class Wire {
 public:
  Wire(SlabPool& pool, ServerContext& server_context, ClientContext& client_context,
       SessionCache* cache = nullptr, std::string_view server_name = "", size_t chunk = 1 << 20,
       AlpnOffer offer = AlpnOffer::nothing)
      : server(Session::accept(server_context)),
        client(Session::connect(client_context, cache, server_name, offer)),
        to_client(pool),
        to_server(pool),
        chunk_(chunk) {}

  // Until both ends are done; the session tickets of TLS 1.3 are still on the wire.
  void begin() {
    client->handshake(to_server);
    for (int round = 0; round < 6 && !(client->handshake_done() && server->handshake_done());
         ++round) {
      pass(*server, to_server, to_client, server_got);
      if (!client->handshake_done()) pass(*client, to_client, to_server, client_got);
    }
  }
  void handshake() {
    begin();
    deliver_all();
  }
  void send(Session& from, std::string_view plain) {
    Buffer& out = &from == client.get() ? to_server : to_client;
    const SessionResult result = from.write(plain, out);
    EXPECT_EQ(result.status, SessionStatus::done);
    EXPECT_EQ(result.bytes, plain.size());
  }
  void deliver_all() {
    pass(*server, to_server, to_client, server_got);
    pass(*client, to_client, to_server, client_got);
  }

  std::unique_ptr<Session> server;
  std::unique_ptr<Session> client;
  Buffer to_client;
  Buffer to_server;
  std::string server_got;
  std::string client_got;
  SessionStatus last = SessionStatus::want_input;

 private:
  void pass(Session& to, Buffer& wire, Buffer& answers, std::string& got) {
    deliver(to, take(wire), chunk_, [&] { step(to, answers, got); });
  }
  void step(Session& session, Buffer& answers, std::string& got) {
    if (!session.handshake_done()) session.handshake(answers);
    if (!session.handshake_done()) return;
    char plain[20000];
    SessionResult result{SessionStatus::done};
    while ((result = session.read(plain, answers)).status == SessionStatus::done) {
      got.append(plain, result.bytes);
    }
    last = result.status;
  }
  size_t chunk_;
};

class EverySplit : public ::testing::TestWithParam<std::tuple<std::string_view, size_t>> {};

TEST_P(EverySplit, carries_bytes_both_ways) {
  const auto [policy, chunk] = GetParam();
  const auto server = server_context(policy);
  const auto client = ClientContext::create();
  SlabPool pool;
  Wire wire(pool, *server, **client, nullptr, "www.example.com", chunk);
  wire.handshake();
  ASSERT_TRUE(wire.client->handshake_done() && wire.server->handshake_done());
  EXPECT_EQ(wire.server->version(), policy == only_tls13 ? "TLSv1.3" : "TLSv1.2");
  EXPECT_EQ(wire.client->cipher(), wire.server->cipher());
  EXPECT_EQ(wire.server->server_name(), "www.example.com");
  EXPECT_EQ(wire.server->certificate_name(), "test");
  EXPECT_FALSE(wire.server->resumed());

  const std::string question = random_bytes(777, 1);
  const std::string answer = random_bytes(40'000, 2);
  wire.send(*wire.client, question);
  wire.send(*wire.server, answer);
  wire.deliver_all();
  EXPECT_EQ(wire.server_got, question);
  EXPECT_EQ(wire.client_got, answer);
  EXPECT_EQ(wire.last, SessionStatus::want_input);
}

TEST_P(EverySplit, ends_in_order_on_each_side_alone) {
  const auto [policy, chunk] = GetParam();
  const auto server = server_context(policy);
  const auto client = ClientContext::create();
  SlabPool pool;
  Wire wire(pool, *server, **client, nullptr, "", chunk);
  wire.handshake();
  wire.send(*wire.client, "last words");
  wire.client->close_notify(wire.to_server);
  wire.deliver_all();
  EXPECT_EQ(wire.server_got, "last words");
  EXPECT_EQ(wire.last, SessionStatus::closed);
  EXPECT_TRUE(wire.server->readable());
  // The other direction goes on.
  wire.send(*wire.server, "answer");
  wire.server->close_notify(wire.to_client);
  wire.deliver_all();
  EXPECT_EQ(wire.client_got, "answer");
  EXPECT_EQ(wire.last, SessionStatus::closed);
}

INSTANTIATE_TEST_SUITE_P(Session, EverySplit,
                         ::testing::Combine(::testing::Values(only_tls12, only_tls13),
                                            ::testing::Values(1, 2, 3, 7, 61, 1400, 1 << 20)));

TEST(Session, reads_many_records_from_one_feed_into_one_span) {
  const auto server = server_context(only_tls13);
  const auto client = ClientContext::create();
  SlabPool pool;
  Wire wire(pool, *server, **client);
  wire.handshake();
  const std::string bytes = random_bytes(60'000, 3);
  for (size_t i = 0; i < bytes.size(); i += 6000) {
    wire.send(*wire.client, std::string_view(bytes).substr(i, 6000));
  }
  const std::string records = take(wire.to_server);
  std::string plain(60'000, '\0');
  wire.server->feed(records);
  // A span that ends within a record: the rest stays readable, and its input may go away.
  const SessionResult first = wire.server->read(std::span(plain).first(10'000), wire.to_client);
  EXPECT_EQ(first.bytes, 10'000u);
  EXPECT_TRUE(wire.server->readable());
  wire.server->release_input();
  const SessionResult rest = wire.server->read(std::span(plain).subspan(10'000), wire.to_client);
  EXPECT_EQ(rest.bytes, 50'000u);
  EXPECT_EQ(plain, bytes);
  EXPECT_FALSE(wire.server->readable());
  EXPECT_EQ(wire.server->input_pending(), 0u);
}

TEST(Session, a_write_is_one_record_up_to_16_KB) {
  const auto server = server_context(only_tls13);
  const auto client = ClientContext::create();
  SlabPool pool;
  Wire wire(pool, *server, **client);
  wire.handshake();
  wire.send(*wire.client, std::string(1000, 'x'));
  EXPECT_EQ(wire.to_server.size(), 1000u + 22);
  wire.to_server.clear();
  wire.send(*wire.client, std::string(40'000, 'x'));
  EXPECT_EQ(wire.to_server.size(), 40'000u + 3 * 22);
}

TEST(Session, writes_nothing_for_nothing) {
  const auto server = server_context(only_tls13);
  const auto client = ClientContext::create();
  SlabPool pool;
  Wire wire(pool, *server, **client);
  wire.handshake();
  wire.send(*wire.client, "");
  EXPECT_TRUE(wire.to_server.empty());
}

#if !defined(__SANITIZE_ADDRESS__)
// With the certificate of the other side, the session and OpenSSL's own state; no record is
// pending.
TEST(Session, an_idle_connection_holds_no_buffers) {
  constexpr size_t count = 200;
  constexpr size_t warm_up = 20;  // fills caches that all of them share
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    const auto server = server_context(policy);
    const auto client = ClientContext::create();
    for (const bool at_server : {true, false}) {
      std::vector<std::unique_ptr<Session>> idle;
      idle.reserve(count + warm_up);
      SlabPool pool;
      size_t before = 0;
      for (size_t i = 0; i < count + warm_up; ++i) {
        if (i == warm_up) before = mallinfo2().uordblks;
        SessionCache cache;
        Wire wire(pool, *server, **client, &cache, "www.example.com");
        wire.begin();
        wire.send(*wire.client, "question");
        wire.send(*wire.server, "answer");
        wire.deliver_all();
        ASSERT_EQ(wire.client_got, "answer");
        idle.push_back(std::move(at_server ? wire.server : wire.client));
      }
      const size_t bytes = (mallinfo2().uordblks - before) / count;
      RecordProperty(at_server ? "server_bytes" : "client_bytes", static_cast<int>(bytes));
      EXPECT_LE(bytes, at_server ? 15'000u : 19'000u) << policy;
    }
  }
}
#endif

struct Resumption : ::testing::TestWithParam<std::string_view> {
  // One connection, one round trip; whether it resumed, by both ends' word.
  bool connect(ServerContext& server, SessionCache& cache, std::string_view name = "a.example") {
    SlabPool pool;
    Wire wire(pool, server, *client, &cache, name);
    wire.handshake();
    EXPECT_TRUE(wire.server->handshake_done());
    EXPECT_EQ(wire.server->resumed(), wire.client->resumed());
    EXPECT_EQ(wire.server->server_name(), name);
    EXPECT_EQ(wire.server->certificate_name(), wire.server->resumed() ? "" : "test");
    wire.send(*wire.server, "hello");
    wire.deliver_all();
    EXPECT_EQ(wire.client_got, "hello");
    return wire.server->resumed();
  }
  std::unique_ptr<ClientContext> client = std::move(*ClientContext::create());
};

TEST_P(Resumption, saves_the_second_handshake_also_after_a_cut) {
  const auto server = server_context(GetParam());
  SessionCache cache;
  EXPECT_FALSE(connect(*server, cache));
  EXPECT_EQ(cache.size(), 1u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(connect(*server, cache));
  EXPECT_EQ(cache.size(), 1u);
}

TEST_P(Resumption, works_with_any_worker_that_has_the_keys) {
  const TicketKeys keys = make_ticket_keys();
  const CertificateText certificate = make_certificate({});
  const auto one = ServerContext::create(std::span(&certificate, 1), GetParam(), keys);
  const auto other = ServerContext::create(std::span(&certificate, 1), GetParam(), keys);
  const auto stranger =
      ServerContext::create(std::span(&certificate, 1), GetParam(), make_ticket_keys());
  SessionCache cache;
  EXPECT_FALSE(connect(**one, cache));
  EXPECT_TRUE(connect(**other, cache));
  EXPECT_FALSE(connect(**stranger, cache));
}

TEST_P(Resumption, survives_one_rotation_of_the_ticket_keys_and_not_two) {
  TicketKeys keys = make_ticket_keys();
  const auto server = server_context(GetParam(), keys);
  SessionCache cache;
  EXPECT_FALSE(connect(*server, cache));
  keys = rotated(keys);
  server->set_ticket_keys(keys);
  // Resumes with the previous key and gets a ticket under the current one.
  EXPECT_TRUE(connect(*server, cache));
  keys = rotated(keys);
  server->set_ticket_keys(keys);
  EXPECT_TRUE(connect(*server, cache));
  keys = rotated(rotated(keys));
  server->set_ticket_keys(keys);
  EXPECT_FALSE(connect(*server, cache));
}

TEST_P(Resumption, is_bound_to_the_certificates) {
  const TicketKeys keys = make_ticket_keys();
  const auto one = server_context(GetParam(), keys);
  const auto other = server_context(GetParam(), keys);  // makes a certificate of its own
  SessionCache cache;
  EXPECT_FALSE(connect(*one, cache));
  EXPECT_FALSE(connect(*other, cache));
}

TEST_P(Resumption, cache_may_be_left_out) {
  const auto server = server_context(GetParam());
  SlabPool pool;
  Wire wire(pool, *server, *client);
  wire.handshake();
  EXPECT_TRUE(wire.server->handshake_done());
}

INSTANTIATE_TEST_SUITE_P(Session, Resumption, ::testing::Values(only_tls12, only_tls13));

TEST(SessionCache, uses_a_tls13_ticket_once_and_keeps_the_newest) {
  const auto server = server_context(only_tls13);
  const auto client = ClientContext::create();
  SessionCache cache;
  for (size_t i = 0; i < SessionCache::sessions_max + 3; ++i) {
    SessionCache fresh;
    SlabPool pool;
    Wire wire(pool, *server, **client, &fresh);
    wire.handshake();
    cache.put(fresh.take());
    EXPECT_EQ(fresh.size(), 0u);
  }
  EXPECT_EQ(cache.size(), SessionCache::sessions_max);
  SSL_SESSION* one = cache.take();
  SSL_SESSION* two = cache.take();
  EXPECT_NE(one, two);
  EXPECT_EQ(cache.size(), SessionCache::sessions_max - 2);
  SSL_SESSION_free(one);
  SSL_SESSION_free(two);
}

std::unique_ptr<ServerContext> server_context(std::string_view policy, Alpn alpn) {
  const CertificateText text = make_certificate({});
  return std::move(*ServerContext::create(std::span(&text, 1), policy, make_ticket_keys(), alpn));
}

TEST(Session, alpn_answers_the_first_of_ours_or_goes_on_without) {
  const std::string both("\x08http/1.1\x02h2", 12);
  const std::string http1("\x08http/1.1", 9);
  const std::string http2("\x02h2", 3);
  const std::string other("\x02h3", 3);
  const struct {
    Alpn ours;
    std::string offered;
    int version_max;
    std::string_view chosen;
  } rows[] = {
      {Alpn::http1, both, TLS1_3_VERSION, "http/1.1"},
      {Alpn::http1, http1, TLS1_3_VERSION, "http/1.1"},
      {Alpn::http1, http2, TLS1_3_VERSION, ""},
      {Alpn::http1, "", TLS1_3_VERSION, ""},
      {Alpn::http2_and_http1, both, TLS1_3_VERSION, "h2"},
      {Alpn::http2_and_http1, both, TLS1_2_VERSION, "h2"},
      {Alpn::http2_and_http1, both, TLS1_1_VERSION, "http/1.1"},
      {Alpn::http2_and_http1, http1, TLS1_3_VERSION, "http/1.1"},
      {Alpn::http2_and_http1, other, TLS1_3_VERSION, ""},
      {Alpn::http2_and_http1, "", TLS1_3_VERSION, ""},
  };
  for (const auto& row : rows) {
    const auto server = server_context(api_default_policy, row.ours);
    TestPeer peer(TestPeer::Side::client, [&](SSL_CTX* context) {
      SSL_CTX_set_security_level(context, 0);  // the library's default knows no TLS 1.1
      SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
      SSL_CTX_set_max_proto_version(context, row.version_max);
      SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(row.offered.data()),
                              static_cast<unsigned>(row.offered.size()));
    });
    SlabPool pool;
    Buffer out(pool);
    const auto session = Session::accept(*server);
    EXPECT_EQ(handshake(*session, peer, out), SessionStatus::done);
    ASSERT_TRUE(peer.handshake());
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(peer.ssl(), &chosen, &size);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(chosen), size), row.chosen);
    EXPECT_EQ(session->http2_chosen(), row.chosen == "h2");
  }
}

TEST(Session, a_client_offers_http2_where_it_is_told_to) {
  for (const auto offer : {AlpnOffer::nothing, AlpnOffer::http2}) {
    for (const auto ours : {Alpn::http1, Alpn::http2_and_http1}) {
      const auto server = server_context(api_default_policy, ours);
      const auto client = std::move(*ClientContext::create());
      SlabPool pool;
      Wire wire(pool, *server, *client, nullptr, "", 1 << 20, offer);
      wire.handshake();
      ASSERT_TRUE(wire.client->handshake_done());
      const bool chosen = offer == AlpnOffer::http2 && ours == Alpn::http2_and_http1;
      EXPECT_EQ(wire.client->http2_chosen(), chosen);
    }
  }
}

TEST(Session, tells_plain_http_from_garbage) {
  const struct {
    std::string bytes;
    bool http;
  } rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"HEAD / HTTP/1.0\r\n\r\n", true},
      {"PUT /x HTTP/1.1\r\n", true},
      {"OPTIONS * HTTP/1.1\r\n", true},
      {"PROPFIND / HTTP/1.1\r\n", true},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true},
      {"SSH-2.0-OpenSSH\r\n", false},
      {"get / http/1.1\r\n", false},
      {std::string("\x16\x03\x01\x00\x02\x01\x00\x00\x00", 9), false},
      {std::string("\x80\x2e\x01\x00\x02\x00\x15\x00\x00", 9), false},
      {std::string(64, '\0'), false},
      {std::string(64, '\xff'), false},
  };
  const auto server = server_context(default_policy);
  for (const auto& row : rows) {
    for (const size_t chunk : {size_t{1}, size_t{100}}) {
      SlabPool pool;
      Buffer out(pool);
      const auto session = Session::accept(*server);
      SessionStatus status = SessionStatus::want_input;
      for (size_t i = 0; i < row.bytes.size() && status == SessionStatus::want_input; i += chunk) {
        const std::string piece = row.bytes.substr(i, chunk);
        session->feed(piece);
        status = session->handshake(out).status;
        session->release_input();
      }
      // What looks like the start of a record may only wait for more.
      EXPECT_TRUE(!row.http || status == SessionStatus::failed) << row.bytes;
      EXPECT_NE(status, SessionStatus::done);
      EXPECT_EQ(session->peer_spoke_http(), row.http) << row.bytes;
      if (row.http) {
        EXPECT_TRUE(out.empty());
        EXPECT_FALSE(session->error_text().empty());
        EXPECT_EQ(session->handshake(out).status, SessionStatus::failed);
      }
    }
  }
}

TEST(Session, says_what_the_peer_complains_of) {
  const auto server = server_context(only_tls13);
  TestPeer peer(TestPeer::Side::client,
                [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); });
  SlabPool pool;
  Buffer out(pool);
  const auto session = Session::accept(*server);
  EXPECT_EQ(handshake(*session, peer, out), SessionStatus::failed);
  EXPECT_EQ(session->error_text(), "unsupported protocol");
  // The alert went out: the client knows what was wrong rather than seeing a closed connection.
  EXPECT_EQ(take_error_text(), "tlsv1 alert protocol version");
}

TEST(Session, what_others_left_in_the_error_queue_is_not_taken_for_its_own) {
  const auto server = server_context(only_tls13);
  const auto client = ClientContext::create();
  SlabPool pool;
  Wire wire(pool, *server, **client);
  wire.handshake();
  wire.send(*wire.client, "words");
  const std::string record = take(wire.to_server);
  char plain[100];
  // Half a record: the library wants more, and would tell the error that it finds instead.
  wire.server->feed(std::string_view(record).substr(0, 9));
  const unsigned char no_certificate[] = {0};
  const unsigned char* at = no_certificate;
  EXPECT_EQ(d2i_X509(nullptr, &at, 1), nullptr);
  ASSERT_NE(ERR_peek_error(), 0u);
  EXPECT_EQ(wire.server->read(plain, wire.to_client).status, SessionStatus::want_input);
  EXPECT_EQ(ERR_peek_error(), 0u);
  wire.server->feed(std::string_view(record).substr(9));
  EXPECT_EQ(wire.server->read(plain, wire.to_client).bytes, 5u);
}

TEST(Session, fails_on_a_record_that_was_tampered_with_and_tells_the_peer) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    const auto server = server_context(policy);
    const auto client = ClientContext::create();
    SlabPool pool;
    Wire wire(pool, *server, **client);
    wire.handshake();
    wire.send(*wire.client, "good");
    std::string bytes = take(wire.to_server);
    wire.send(*wire.client, "bad");
    std::string bad = take(wire.to_server);
    bad.back() = static_cast<char>(bad.back() ^ 1);
    bytes += bad;
    char plain[100];
    wire.server->feed(bytes);
    // What came before the damage is delivered first.
    EXPECT_EQ(wire.server->read(plain, wire.to_client).bytes, 4u);
    EXPECT_EQ(wire.server->read(plain, wire.to_client).status, SessionStatus::failed);
    EXPECT_EQ(wire.server->read(plain, wire.to_client).status, SessionStatus::failed);
    EXPECT_EQ(wire.server->error_text(), "decryption failed or bad record mac");
    wire.deliver_all();
    EXPECT_EQ(wire.last, SessionStatus::failed);
    EXPECT_NE(wire.client->error_text().find("alert bad record mac"), std::string::npos);
  }
}

TEST(Session, refuses_renegotiation_by_a_client) {
  const auto server = server_context(only_tls12);
  TestPeer peer(TestPeer::Side::client,
                [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); });
  SlabPool pool;
  Buffer out(pool);
  const auto session = Session::accept(*server);
  ASSERT_EQ(handshake(*session, peer, out), SessionStatus::done);
  ASSERT_TRUE(peer.handshake());
  ASSERT_EQ(SSL_renegotiate(peer.ssl()), 1);
  EXPECT_FALSE(peer.handshake());
  const std::string hello = peer.take_output();
  session->feed(hello);
  char plain[100];
  const SessionStatus status = session->read(plain, out).status;
  EXPECT_EQ(status, SessionStatus::want_input) << session->error_text();
  peer.feed(take(out));
  ERR_clear_error();
  EXPECT_FALSE(peer.handshake());
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION) << take_error_text();
}

TEST(Session, follows_renegotiation_by_a_target) {
  const CertificateText certificate = make_certificate({});
  TestPeer peer(
      TestPeer::Side::server,
      [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); },
      &certificate);
  SlabPool pool;
  Buffer out(pool);
  const auto client = ClientContext::create();
  const auto session = Session::connect(**client, nullptr, "");
  session->handshake(out);
  peer.feed(take(out));
  ASSERT_EQ(handshake(*session, peer, out), SessionStatus::done);
  ASSERT_TRUE(peer.handshake());
  SSL_renegotiate(peer.ssl());
  peer.handshake();
  char plain[100];
  bool waited = false;
  for (int round = 0; round < 4; ++round) {
    const std::string bytes = peer.take_output();
    if (!bytes.empty()) session->feed(bytes);
    EXPECT_EQ(session->read(plain, out).status, SessionStatus::want_input);
    // While it lasts, writing waits.
    const SessionResult written = session->write("x", out);
    waited |= written.status == SessionStatus::want_input && written.bytes == 0;
    peer.feed(take(out));
    peer.handshake();
    peer.read();
  }
  EXPECT_TRUE(waited);
  EXPECT_EQ(session->write("after", out).status, SessionStatus::done);
  peer.feed(take(out));
  EXPECT_EQ(peer.read(), "after");
}

#if !defined(OPENSSL_IS_AWSLC)  // which leaves RFC 6066 4 out
TEST(Session, records_are_as_small_as_a_client_asks_for) {
  for (const std::string_view policy : {only_tls12, only_tls13}) {
    const auto server = server_context(policy);
    TestPeer peer(TestPeer::Side::client, [](SSL_CTX* context) {
      SSL_CTX_set_tlsext_max_fragment_length(context, TLSEXT_max_fragment_length_512);
    });
    SlabPool pool;
    Buffer out(pool);
    const auto session = Session::accept(*server);
    ASSERT_EQ(handshake(*session, peer, out), SessionStatus::done);
    ASSERT_TRUE(peer.handshake());
    const std::string bytes = random_bytes(40'000, 4);
    EXPECT_EQ(session->write(bytes, out).bytes, bytes.size());
    EXPECT_GE(out.size(), bytes.size() + bytes.size() / 512 * 22);
    EXPECT_LE(out.size(), session->ciphertext_max(bytes.size()));
    peer.feed(take(out));
    EXPECT_TRUE(peer.read() == bytes);
  }
}
#endif

// How many times a client may change its keys, with so much plaintext after each; at most `most`.
int key_updates_taken(size_t bytes_with_each, int most) {
  const auto server = server_context(only_tls13);
  TestPeer peer(TestPeer::Side::client, nullptr);
  SlabPool pool;
  Buffer out(pool);
  const auto session = Session::accept(*server);
  EXPECT_EQ(handshake(*session, peer, out), SessionStatus::done);
  EXPECT_TRUE(peer.handshake());
  std::string plain(20'000, '\0');
  for (int i = 0; i < most; ++i) {
    EXPECT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    peer.handshake();
    if (bytes_with_each > 0) peer.write(std::string(bytes_with_each, 'x'));
    const std::string records = peer.take_output();
    session->feed(records);
    SessionResult result{SessionStatus::done};
    while (result.status == SessionStatus::done) result = session->read(plain, out);
    if (result.status == SessionStatus::want_input) continue;
    EXPECT_EQ(session->error_text(), "too many key updates");
    return i;
  }
  return most;
}

TEST(Session, a_client_may_change_its_keys_often_only_where_much_is_sent) {
  for (const size_t bytes : {0, 1, 1000}) {
    const int taken = key_updates_taken(bytes, 1000);
    EXPECT_GT(taken, 20) << bytes;
    EXPECT_LT(taken, 200) << bytes;
  }
  EXPECT_EQ(key_updates_taken(60'000, 1000), 1000);
}

TEST(Session, a_peer_that_asks_and_never_reads_fails_instead_of_growing) {
  const CertificateText certificate = make_certificate({});
  TestPeer peer(TestPeer::Side::server, nullptr, &certificate);
  SlabPool pool;
  Buffer out(pool);
  const auto client = ClientContext::create();
  const auto session = Session::connect(**client, nullptr, "");
  session->handshake(out);
  peer.feed(take(out));
  ASSERT_EQ(handshake(*session, peer, out), SessionStatus::done);
  ASSERT_TRUE(peer.handshake());
  SessionStatus status = SessionStatus::want_input;
  char plain[100];
  for (int i = 0; i < 5000 && status == SessionStatus::want_input; ++i) {
    ASSERT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    peer.handshake();
    const std::string update = peer.take_output();
    session->feed(update);
    status = session->read(plain, out).status;
  }
  EXPECT_EQ(status, SessionStatus::failed) << session->error_text();
  EXPECT_LE(out.size(), Buffer::size_max());
  EXPECT_GT(out.size(), Buffer::size_max() - 1000) << session->error_text();
}

}  // namespace
}  // namespace daruma::tls
