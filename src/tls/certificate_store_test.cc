// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_store.h"

#include <gtest/gtest.h>

#include "tls/certificate_for_test.h"
#include "tls/peer_for_test.h"
#include "tls/security_policy.h"

namespace daruma::tls {
namespace {

using namespace testing;  // NOLINT: this folder's own test helpers

constexpr int64_t year_2100 = 4'102'444'800;
constexpr int64_t year_2200 = 7'258'118'400;

// name, names, common name, key, hash, end of validity.
std::vector<CertificateText> certificates() {
  const auto make = [](TestCertificate certificate) {
    if (certificate.names.empty()) certificate.names = {certificate.common_name};
    return make_certificate(certificate);
  };
  return {
      make({.name = "default", .names = {"default.example"}, .key = TestKey::rsa_2048}),
      make({.name = "both-rsa", .names = {"both.example"}, .key = TestKey::rsa_2048}),
      make({.name = "both-rsa-3072", .names = {"both.example"}, .key = TestKey::rsa_3072}),
      make({.name = "both-p256", .names = {"both.example"}}),
      make({.name = "both-p384", .names = {"both.example"}, .key = TestKey::p384}),
      make({.name = "wild", .names = {"*.wild.example"}}),
      make({.name = "exact-rsa", .names = {"www.wild.example"}, .key = TestKey::rsa_2048}),
      make({.name = "only-ecdsa", .names = {"only.example"}}),
      make({.name = "sha256", .names = {"hash.example"}}),
      make({.name = "sha384", .names = {"hash.example"}, .digest = EVP_sha384()}),
      make({.name = "until-2100", .names = {"age.example"}, .not_after = year_2100}),
      make({.name = "until-2200", .names = {"age.example"}, .not_after = year_2200}),
      make({.name = "twin-1", .names = {"twin.example"}}),
      make({.name = "twin-2", .names = {"twin.example"}}),
      make({.name = "upper", .names = {"UPPER.example"}}),
      make_certificate({.name = "by-cn", .common_name = "cn.example"}),
      make_certificate({.name = "san", .names = {"san.example"}, .common_name = "ignored.example"}),
  };
}

ClientOffer modern(int version) {
  return {.version = version,
          .ecdsa_cipher = true,
          .rsa_cipher = true,
          .schemes = {0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401},
          .curves = {NID_X25519, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1}};
}

ClientOffer without_p384(int version) {
  ClientOffer offer = modern(version);
  std::erase(offer.schemes, uint16_t{0x0503});
  std::erase(offer.curves, NID_secp384r1);
  return offer;
}

ClientOffer only_rsa(int version) {
  return {.version = version,
          .ecdsa_cipher = false,
          .rsa_cipher = true,
          .schemes = {0x0804, 0x0401},
          .curves = {NID_X25519}};
}

TEST(CertificateStore, chooses_the_best_that_the_client_can_use) {
  std::vector<ParsedCertificate> parsed;
  for (const CertificateText& text : certificates()) {
    auto certificate = parse_certificate(text);
    ASSERT_TRUE(certificate) << certificate.error().message;
    parsed.push_back(std::move(*certificate));
  }
  const CertificateStore store(std::move(parsed));
  using Offer = ClientOffer (*)(int);
  const struct {
    std::string_view server_name;
    Offer offer;
    std::string_view chosen;
  } rows[] = {
      {"", modern, "default"},
      {"unknown.example", modern, "default"},
      {"default.example", modern, "default"},
      {"both.example", modern, "both-p384"},
      {"BOTH.Example", modern, "both-p384"},
      {"both.example", without_p384, "both-p256"},
      {"both.example", only_rsa, "both-rsa-3072"},
      {"www.wild.example", modern, "wild"},  // ECDSA before RSA, exact or not
      {"www.wild.example", only_rsa, "exact-rsa"},
      {"other.wild.example", modern, "wild"},
      {"other.wild.example", only_rsa, "default"},
      {"a.b.wild.example", modern, "default"},  // one label only
      {"wild.example", modern, "default"},
      {".wild.example", modern, "default"},
      {"only.example", only_rsa, "default"},
      {"hash.example", modern, "sha384"},
      {"age.example", modern, "until-2200"},
      {"twin.example", modern, "twin-1"},
      {"upper.example", modern, "upper"},
      {"cn.example", modern, "by-cn"},
      {"san.example", modern, "san"},
      {"ignored.example", modern, "default"},  // the common name counts only without a SAN
      {"*.wild.example", modern, "wild"},
  };
  for (const auto& row : rows) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      EXPECT_EQ(store.choose(row.server_name, row.offer(version)).name, row.chosen)
          << row.server_name;
    }
  }
}

TEST(CertificateStore, old_clients_name_no_schemes) {
  auto parsed = parse_certificate(make_certificate({}));
  ClientOffer offer;
  offer.version = TLS1_2_VERSION;
  offer.ecdsa_cipher = true;
  EXPECT_TRUE(usable(*parsed, offer));
  offer.schemes = {0x0401};
  EXPECT_FALSE(usable(*parsed, offer));
  offer.version = TLS1_1_VERSION;  // which has no such thing
  EXPECT_TRUE(usable(*parsed, offer));
  offer.curves = {NID_secp384r1};
  EXPECT_FALSE(usable(*parsed, offer));
}

// The same choices by real clients: what they offer is understood.
TEST(CertificateStore, serves_real_clients) {
  const struct {
    const char* server_name;
    int version;
    const char* ciphers;
    const char* schemes;
    const char* groups;
    std::string_view chosen;
  } rows[] = {
      {nullptr, TLS1_3_VERSION, nullptr, nullptr, nullptr, "default"},
      {"both.example", TLS1_3_VERSION, nullptr, nullptr, nullptr, "both-p384"},
      {"both.example", TLS1_2_VERSION, nullptr, nullptr, nullptr, "both-p384"},
      {"both.example", TLS1_3_VERSION, nullptr, "ecdsa_secp256r1_sha256", nullptr, "both-p256"},
      {"both.example", TLS1_3_VERSION, nullptr, "rsa_pss_rsae_sha256", nullptr, "both-rsa-3072"},
      {"both.example", TLS1_2_VERSION, nullptr, nullptr, "X25519:P-256", "both-p256"},
      {"both.example", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", nullptr, nullptr,
       "both-rsa-3072"},
      {"both.example", TLS1_2_VERSION, nullptr, "RSA+SHA256", nullptr, "both-rsa-3072"},
      {"both.example", TLS1_1_VERSION, nullptr, nullptr, nullptr, "both-p384"},
      {"both.example", TLS1_1_VERSION, "AES128-SHA", nullptr, nullptr, "both-rsa-3072"},
      {"only.example", TLS1_2_VERSION, "AES128-SHA", nullptr, nullptr, "default"},
      {"x.wild.example", TLS1_3_VERSION, nullptr, nullptr, nullptr, "wild"},
  };
  const std::vector<CertificateText> all = certificates();
  const auto server = ServerContext::create(all, target_policy, make_ticket_keys());
  ASSERT_TRUE(server) << server.error().message;
  for (const auto& row : rows) {
    TestPeer peer(TestPeer::Side::client, [&](SSL_CTX* context) {
      SSL_CTX_set_max_proto_version(context, row.version);
      if (row.ciphers != nullptr) SSL_CTX_set_cipher_list(context, row.ciphers);
      if (row.schemes != nullptr) SSL_CTX_set1_sigalgs_list(context, row.schemes);
      if (row.groups != nullptr) SSL_CTX_set1_groups_list(context, row.groups);
    });
    if (row.server_name != nullptr) SSL_set_tlsext_host_name(peer.ssl(), row.server_name);
    SlabPool pool;
    Buffer out(pool);
    const auto session = Session::accept(**server);
    ASSERT_EQ(handshake(*session, peer, out), SessionStatus::done) << session->error_text();
    EXPECT_EQ(session->certificate_name(), row.chosen);
  }
}

TEST(CertificateStore, sends_the_chain_that_belongs_to_the_choice) {
  const CertificateText issuer =
      make_certificate({.common_name = "issuer", .key = TestKey::rsa_2048});
  CertificateText with_chain = make_certificate({.name = "chained", .names = {"chained.example"}});
  with_chain.chain_pem += issuer.chain_pem;
  const CertificateText all[] = {make_certificate({.name = "default"}), with_chain};
  const auto server = ServerContext::create(all, default_policy, make_ticket_keys());
  for (const char* name : {"chained.example", "other.example"}) {
    TestPeer peer(TestPeer::Side::client, nullptr);
    SSL_set_tlsext_host_name(peer.ssl(), name);
    SlabPool pool;
    Buffer out(pool);
    const auto session = Session::accept(**server);
    ASSERT_EQ(handshake(*session, peer, out), SessionStatus::done);
    const bool chained = session->certificate_name() == "chained";
    EXPECT_EQ(chained, std::string_view(name) == "chained.example");
    EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(peer.ssl())), chained ? 2 : 1);
  }
}

}  // namespace
}  // namespace daruma::tls
