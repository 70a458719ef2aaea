// SPDX-License-Identifier: Apache-2.0
#include "tls/security_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tls/certificate_for_test.h"
#include "tls/peer_for_test.h"

namespace daruma::tls {
namespace {

using namespace testing;  // NOLINT: this folder's own test helpers

using enum TlsVersion;

int number_of(TlsVersion version) {
  return TLS1_VERSION + static_cast<int>(version);
}

TEST(SecurityPolicy, names_are_unique_and_known) {
  std::set<std::string_view> names;
  for (const SecurityPolicy& policy : security_policies()) {
    EXPECT_TRUE(names.insert(policy.name).second) << policy.name;
    EXPECT_EQ(find_policy(policy.name), &policy);
    EXPECT_TRUE(policy.name.starts_with("ELBSecurityPolicy-"));
    EXPECT_LE(policy.least, policy.most);
    EXPECT_TRUE(policy.fips || policy.least == v1_3 || policy.ciphers != 0) << policy.name;
  }
  EXPECT_EQ(names.size(), 46u);
  EXPECT_EQ(find_policy("ELBSecurityPolicy-2016-09"), nullptr);
  EXPECT_EQ(find_policy(""), nullptr);
  for (const std::string_view name : {default_policy, api_default_policy, target_policy}) {
    EXPECT_TRUE(check_policy(name)) << name;
  }
}

TEST(SecurityPolicy, lists_ciphers_in_the_order_of_aws) {
  const std::vector<std::string_view> expected = {"ECDHE-ECDSA-AES128-GCM-SHA256",
                                                  "ECDHE-RSA-AES128-GCM-SHA256",
                                                  "ECDHE-ECDSA-AES128-SHA256",
                                                  "ECDHE-RSA-AES128-SHA256",
                                                  "ECDHE-ECDSA-AES128-SHA",
                                                  "ECDHE-RSA-AES128-SHA",
                                                  "ECDHE-ECDSA-AES256-GCM-SHA384",
                                                  "ECDHE-RSA-AES256-GCM-SHA384",
                                                  "ECDHE-ECDSA-AES256-SHA384",
                                                  "ECDHE-RSA-AES256-SHA384",
                                                  "ECDHE-RSA-AES256-SHA",
                                                  "ECDHE-ECDSA-AES256-SHA",
                                                  "AES128-GCM-SHA256",
                                                  "AES128-SHA256",
                                                  "AES128-SHA",
                                                  "AES256-GCM-SHA384",
                                                  "AES256-SHA256",
                                                  "AES256-SHA"};
  EXPECT_EQ(find_policy("ELBSecurityPolicy-2016-08")->cipher_names(), expected);
  EXPECT_TRUE(find_policy("ELBSecurityPolicy-2016-08")->tls13_cipher_names().empty());
  EXPECT_EQ(find_policy("ELBSecurityPolicy-TLS13-1-2-Res-2021-06")->cipher_names().size(), 4u);
  EXPECT_EQ(find_policy("ELBSecurityPolicy-TLS13-1-2-2021-06")->cipher_names().size(), 8u);
  EXPECT_EQ(find_policy("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06")->cipher_names().size(), 12u);
  EXPECT_EQ(find_policy("ELBSecurityPolicy-FS-1-2-2019-08")->cipher_names().size(), 12u);
  EXPECT_EQ(find_policy("ELBSecurityPolicy-TLS-1-0-2015-04")->cipher_names().back(),
            "DES-CBC3-SHA");
}

// Served as it is or not at all.
TEST(SecurityPolicy, says_which_ones_this_library_cannot_honour) {
  const auto problem_of = [](std::string_view name) {
    const auto checked = check_policy(name);
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_NE(problem_of("nonsense").find("not a security policy that AWS knows"), std::string::npos);
  for (const SecurityPolicy& policy : security_policies()) {
    const std::string problem = problem_of(policy.name);
    const bool simple = !policy.fips && !policy.post_quantum && (policy.ciphers & triple_des) == 0;
    if (simple) {
      EXPECT_EQ(problem, "") << policy.name;
    } else if (policy.fips) {
      EXPECT_NE(problem.find("known to AWS, but not available with this TLS library"),
                std::string::npos)
          << problem;
      EXPECT_NE(problem.find("FIPS"), std::string::npos) << problem;
    } else if (!problem.empty()) {  // a newer library has the groups; an odd build has 3DES
      EXPECT_NE(problem.find("it lacks"), std::string::npos) << problem;
    }
  }
}

struct Outcome {
  SessionStatus status;
  std::string cipher;
};

Outcome connect(ServerContext& server, TlsVersion version, const char* ciphers = nullptr) {
  TestPeer peer(TestPeer::Side::client, [&](SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, number_of(version));
    SSL_CTX_set_max_proto_version(context, number_of(version));
    if (ciphers != nullptr) SSL_CTX_set_cipher_list(context, ciphers);
  });
  SlabPool pool;
  Buffer out(pool);
  const auto session = Session::accept(server);
  const SessionStatus status = handshake(*session, peer, out);
  return {status, status == SessionStatus::done ? std::string(session->cipher()) : ""};
}

TEST(SecurityPolicy, allows_its_versions_and_no_others) {
  const CertificateText certificate = make_certificate({});
  for (const SecurityPolicy& policy : security_policies()) {
    if (!check_policy(policy.name)) continue;
    const auto server =
        ServerContext::create(std::span(&certificate, 1), policy.name, make_ticket_keys());
    ASSERT_TRUE(server) << server.error().message;
    for (const TlsVersion version : {v1_0, v1_1, v1_2, v1_3}) {
      const bool allowed = policy.least <= version && version <= policy.most;
      // Old versions know only the ciphers with SHA-1.
      const bool possible =
          version >= v1_2 || (policy.ciphers & (forward_cbc_sha1 | rsa_sha1)) != 0;
      EXPECT_EQ(connect(**server, version).status,
                allowed && possible ? SessionStatus::done : SessionStatus::failed)
          << policy.name << " with " << number_of(version);
    }
  }
}

// Every cipher that a policy lists can be used where the client has no other, and none that it does
// not list.
TEST(SecurityPolicy, allows_its_ciphers_and_no_others) {
  const auto all = find_policy(api_default_policy)->cipher_names();
  const CertificateText ecdsa = make_certificate({.key = TestKey::p256});
  const CertificateText rsa = make_certificate({.key = TestKey::rsa_2048});
  for (const std::string_view name :
       {"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", "ELBSecurityPolicy-FS-1-2-Res-2020-10"}) {
    const auto allowed = find_policy(name)->cipher_names();
    for (const std::string_view cipher : all) {
      const bool with_ecdsa = cipher.find("ECDSA") != std::string_view::npos;
      const auto server =
          ServerContext::create(std::span(with_ecdsa ? &ecdsa : &rsa, 1), name, make_ticket_keys());
      const Outcome outcome = connect(**server, v1_2, std::string(cipher).c_str());
      const bool expected = std::ranges::find(allowed, cipher) != allowed.end();
      EXPECT_EQ(outcome.cipher, expected ? cipher : "") << name;
    }
  }
}

TEST(SecurityPolicy, the_servers_preference_decides) {
  const CertificateText rsa = make_certificate({.key = TestKey::rsa_2048});
  const auto server =
      ServerContext::create(std::span(&rsa, 1), api_default_policy, make_ticket_keys());
  EXPECT_EQ(connect(**server, v1_2, "AES256-SHA:AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384").cipher,
            "ECDHE-RSA-AES256-GCM-SHA384");
}

}  // namespace
}  // namespace daruma::tls
