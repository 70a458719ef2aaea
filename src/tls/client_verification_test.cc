// SPDX-License-Identifier: Apache-2.0
#include "tls/client_verification.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tls/authority_for_test.h"
#include "tls/session.h"
#include "tls/trust_store.h"

namespace daruma::tls {
namespace {

using namespace testing;  // NOLINT: this folder's own test helpers
using Problem = ClientCertificateProblem;

constexpr std::string_view policies[] = {"ELBSecurityPolicy-FS-1-2-Res-2020-10",
                                         "ELBSecurityPolicy-TLS13-1-3-2021-06"};

std::shared_ptr<const TrustStore> trust(const std::string& ca_pem,
                                        const std::vector<std::string>& revocations = {}) {
  EXPECT_TRUE(describe_authorities(ca_pem)) << describe_authorities(ca_pem).error().message;
  for (const std::string& list : revocations) EXPECT_TRUE(describe_revocations(list));
  const std::vector<std::string_view> views(revocations.begin(), revocations.end());
  auto made = TrustStore::create(ca_pem, views);
  EXPECT_TRUE(made) << made.error().message;
  return made ? *made : nullptr;
}

ClientAuthentication verified(std::shared_ptr<const TrustStore> store) {
  return {
      .mode = ClientCertificates::verified, .trust = std::move(store), .trust_fingerprint = "x"};
}

std::unique_ptr<ServerContext> serve(std::string_view policy, const ClientAuthentication& clients,
                                     const TicketKeys& keys = make_ticket_keys()) {
  const CertificateText text = make_certificate({});
  auto made = ServerContext::create(std::span(&text, 1), policy, keys, Alpn::http1, clients);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

struct Outcome {
  bool let_in = false;
  Problem problem = Problem::none;
  std::optional<ClientCertificate> told{};
  ClientCertificate presented{};
  bool resumed = false;
  size_t tickets = 0;
};

// One handshake, and what follows it of tickets.
Outcome meet(ServerContext& context, const CertificateText* shown, SessionCache* cache = nullptr) {
  ClientOptions options;
  if (shown != nullptr) {
    options.chain_pem = shown->chain_pem;
    options.key_pem = shown->key_pem;
  }
  auto client_context = ClientContext::create(options);
  EXPECT_TRUE(client_context) << client_context.error().message;
  SlabPool pool;
  Buffer to_server(pool);
  Buffer to_client(pool);
  const auto server = Session::accept(context);
  const auto client = Session::connect(**client_context, cache, "");
  const auto pass = [](Session& to, Buffer& from, Buffer& out) {
    std::string bytes;
    if (!from.empty() && to.input_pending() == 0) {
      bytes = from.view();
      from.consume(bytes.size());
      to.feed(bytes);
    }
    SessionStatus status = SessionStatus::done;
    if (!to.handshake_done()) status = to.handshake(out).status;
    char plain[64];
    if (to.handshake_done()) to.read(plain, out);
    to.release_input();
    return status;
  };
  SessionStatus status = SessionStatus::want_input;
  client->handshake(to_server);
  for (int round = 0; round < 6 && status != SessionStatus::failed; ++round) {
    status = pass(*server, to_server, to_client);
    pass(*client, to_client, to_server);
  }
  Outcome outcome{.let_in = server->handshake_done(),
                  .problem = server->client_certificate_problem()};
  if (server->client_certificate()) outcome.told = *server->client_certificate();
  outcome.presented = server->presented_certificate();
  outcome.resumed = server->handshake_done() && server->resumed();
  outcome.tickets = cache ? cache->size() : 0;
  return outcome;
}

Outcome meet_as(const ClientAuthentication& clients, const CertificateText* shown,
                std::string_view policy) {
  return meet(*serve(policy, clients), shown);
}

TEST(ClientVerification, lets_in_whom_the_trust_store_knows) {
  TestAuthority root("root");
  TestAuthority other("other");
  const CertificateText good = root.issue({.common_name = "me"});
  const CertificateText foreign = other.issue({.common_name = "stranger"});
  const ClientAuthentication clients = verified(trust(root.pem()));
  for (const std::string_view policy : policies) {
    const Outcome outcome = meet_as(clients, &good, policy);
    EXPECT_TRUE(outcome.let_in) << policy;
    ASSERT_TRUE(outcome.told);
    EXPECT_EQ(outcome.told->subject, "CN=me");
    EXPECT_EQ(outcome.told->issuer, "CN=root");
    EXPECT_EQ(outcome.told->validity,
              "NotBefore=2020-01-01T00:00:00Z;NotAfter=2100-01-01T00:00:00Z");
    EXPECT_TRUE(outcome.told->leaf.starts_with("-----BEGIN%20CERTIFICATE-----%0A"));
    EXPECT_EQ(outcome.told->chain, "");
    EXPECT_FALSE(outcome.told->serial_number.empty());
    EXPECT_EQ(outcome.presented.subject, "CN=me");
    EXPECT_EQ(outcome.presented.validity, outcome.told->validity);
    EXPECT_EQ(outcome.presented.serial_number, outcome.told->serial_number);
    EXPECT_EQ(meet_as(clients, nullptr, policy).problem, Problem::missing) << policy;
    const Outcome refused = meet_as(clients, &foreign, policy);
    EXPECT_FALSE(refused.let_in);
    EXPECT_EQ(refused.problem, Problem::untrusted) << policy;
    EXPECT_EQ(refused.presented.subject, "CN=stranger") << policy;
    EXPECT_FALSE(refused.presented.serial_number.empty());
    EXPECT_EQ(meet_as(clients, nullptr, policy).presented.subject, "");
  }
}

TEST(ClientVerification, says_what_is_wrong_with_a_certificate) {
  TestAuthority root("root");
  const ClientAuthentication clients = verified(trust(root.pem()));
  struct Row {
    ClientKind kind;
    Problem problem;
  };
  const Row rows[] = {
      {{}, Problem::none},
      {{.rsa_bits = 2048}, Problem::none},
      {{.digest = EVP_sha384()}, Problem::none},
      {{.not_after = 1'600'000'000}, Problem::expired},
      {{.not_before = 4'000'000'000}, Problem::not_yet_valid},
      {{.purpose = "serverAuth"}, Problem::wrong_purpose},
      {{.rsa_bits = 1024}, Problem::type_unsupported},
      {{.digest = EVP_sha1()}, Problem::type_unsupported},
  };
  for (const Row& row : rows) {
    const CertificateText shown = root.issue(row.kind);
    for (const std::string_view policy : policies) {
      const Outcome outcome = meet_as(clients, &shown, policy);
      EXPECT_EQ(outcome.problem, row.problem) << name_of(row.problem) << ' ' << policy;
      EXPECT_EQ(outcome.let_in, row.problem == Problem::none);
    }
  }
}

TEST(ClientVerification, an_expired_client_may_be_let_in_and_an_expired_authority_not) {
  TestAuthority root("root");
  const CertificateText expired = root.issue({.not_after = 1'600'000'000});
  ClientAuthentication clients = verified(trust(root.pem()));
  clients.ignore_expiry = true;
  for (const std::string_view policy : policies)
    EXPECT_TRUE(meet_as(clients, &expired, policy).let_in);
  const CertificateText early = root.issue({.not_before = 4'000'000'000});
  EXPECT_EQ(meet_as(clients, &early, policies[1]).problem, Problem::not_yet_valid);
}

TEST(ClientVerification, chains_lead_to_any_authority_of_the_store) {
  TestAuthority root("root");
  TestAuthority middle("middle", &root);
  const CertificateText shown = middle.issue();
  EXPECT_TRUE(meet_as(verified(trust(root.pem())), &shown, policies[1]).let_in);
  const Outcome outcome = meet_as(verified(trust(middle.pem())), &shown, policies[1]);
  EXPECT_TRUE(outcome.let_in);
}

TEST(ClientVerification, chains_have_a_depth) {
  std::vector<std::unique_ptr<TestAuthority>> chain;
  chain.push_back(std::make_unique<TestAuthority>("root"));
  const std::string root = chain.front()->pem();
  for (int depth = 1; depth <= client_chain_depth_max + 1; ++depth) {
    chain.push_back(
        std::make_unique<TestAuthority>("level" + std::to_string(depth), chain.back().get()));
    const CertificateText shown = chain.back()->issue();
    const Outcome outcome = meet_as(verified(trust(root)), &shown, policies[1]);
    EXPECT_EQ(outcome.let_in, depth <= client_chain_depth_max) << depth;
    EXPECT_EQ(outcome.problem, outcome.let_in ? Problem::none : Problem::chain_too_deep);
  }
}

TEST(ClientVerification, nobody_is_let_in_who_was_revoked) {
  TestAuthority root("root");
  TestAuthority middle("middle", &root);
  const CertificateText revoked = root.issue();
  const long serial = root.last_serial();
  const CertificateText good = root.issue();
  const CertificateText below = middle.issue();
  const auto lists = verified(trust(root.pem(), {root.revocations({serial})}));
  for (const std::string_view policy : policies) {
    EXPECT_EQ(meet_as(lists, &revoked, policy).problem, Problem::revoked);
    EXPECT_TRUE(meet_as(lists, &good, policy).let_in);
    // There is no list of the authority between.
    EXPECT_TRUE(meet_as(lists, &below, policy).let_in);
  }
}

TEST(ClientVerification, with_a_revoked_authority_go_all_that_it_has_issued) {
  TestAuthority root("root");
  TestAuthority middle("middle", &root);
  const CertificateText below = middle.issue();
  const auto clients = verified(trust(root.pem(), {root.revocations({middle.serial()})}));
  EXPECT_EQ(meet_as(clients, &below, policies[1]).problem, Problem::revoked);
}

TEST(ClientVerification, a_list_that_is_of_no_use_closes_the_door) {
  TestAuthority root("root");
  const CertificateText good = root.issue();
  const std::string old = root.revocations({}, 1'600'000'000);
  const auto expired = verified(trust(root.pem(), {old}));
  EXPECT_EQ(meet_as(expired, &good, policies[1]).problem, Problem::revocations_unusable);
  const auto newer = verified(trust(root.pem(), {old, root.revocations({})}));
  EXPECT_TRUE(meet_as(newer, &good, policies[1]).let_in);
  const std::string early = root.revocations({}, 4'102'444'800, [](X509_CRL* list) {
    EXPECT_NE(ASN1_TIME_set(const_cast<ASN1_TIME*>(X509_CRL_get0_lastUpdate(list)), 4'000'000'000),
              nullptr);
  });
  const auto too_early = verified(trust(root.pem(), {early}));
  EXPECT_EQ(meet_as(too_early, &good, policies[1]).problem, Problem::revocations_unusable);
}

void add_point(X509_CRL* list, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, nullptr, nullptr, nullptr, list, 0);
  const std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, NID_issuing_distribution_point, value));
  ASSERT_TRUE(extension);
  X509_CRL_add_ext(list, extension.get(), -1);
}

// Of a list that says where it is kept, RFC 5280 5.2.5: it is only about who names that place.
TEST(ClientVerification, lists_of_a_part_are_used_for_that_part) {
  TestAuthority root("root");
  const CertificateText in = root.issue({.list_at = "http://a/1"});
  const CertificateText revoked = root.issue({.list_at = "http://a/1"});
  const long serial = root.last_serial();
  const CertificateText out = root.issue({.list_at = "http://a/2"});
  const CertificateText nowhere = root.issue();
  const auto list = root.revocations({serial}, 4'102'444'800, [](X509_CRL* of) {
    add_point(of, "critical,onlyuser:TRUE,fullname:URI:http://a/1");
  });
  const auto clients = verified(trust(root.pem(), {list}));
  EXPECT_TRUE(meet_as(clients, &in, policies[1]).let_in);
  EXPECT_EQ(meet_as(clients, &revoked, policies[1]).problem, Problem::revoked);
  EXPECT_EQ(meet_as(clients, &out, policies[1]).problem, Problem::revocations_unusable);
  EXPECT_EQ(meet_as(clients, &nowhere, policies[1]).problem, Problem::revocations_unusable);
}

TEST(ClientVerification, a_list_counts_for_the_key_that_signed_it) {
  TestAuthority root("root");
  TestAuthority twin("root");  // another key under the same name
  const CertificateText good = root.issue();
  const auto both = root.pem() + twin.pem();
  const auto clients = verified(trust(both, {twin.revocations({root.last_serial()})}));
  EXPECT_TRUE(meet_as(clients, &good, policies[1]).let_in);
}

TEST(ClientVerification, a_revoked_authority_of_the_bundle_is_not_trusted) {
  TestAuthority root("root");
  TestAuthority middle("middle", &root);
  TestAuthority low("low", &middle);
  const CertificateText of_root = root.issue();
  const CertificateText of_middle = middle.issue();
  const CertificateText of_low = low.issue();
  const std::string bundle = low.pem() + middle.pem() + root.pem();
  const std::string list = root.revocations({middle.serial()}, 1'600'000'000);
  const auto before = verified(trust(bundle));
  EXPECT_TRUE(meet_as(before, &of_low, policies[1]).let_in);
  for (const std::string& each : {root.revocations({middle.serial()}), list}) {
    const auto clients = verified(trust(bundle, {each}));
    EXPECT_FALSE(meet_as(clients, &of_middle, policies[1]).let_in);
    EXPECT_FALSE(meet_as(clients, &of_low, policies[1]).let_in);
  }
  const auto clients = verified(trust(bundle, {root.revocations({middle.serial()})}));
  EXPECT_TRUE(meet_as(clients, &of_root, policies[1]).let_in);
}

TEST(ClientVerification, keys_and_hashes_count_below_the_trusted_authority) {
  TestAuthority root("root");
  TestAuthority small("small", &root, {.rsa_bits = 1024});
  TestAuthority old("old", &root, {.digest = EVP_sha1()});
  const CertificateText of_small = small.issue();
  const CertificateText of_old = old.issue();
  for (const std::string_view policy : policies) {
    const auto clients = verified(trust(root.pem()));
    EXPECT_EQ(meet_as(clients, &of_small, policy).problem, Problem::type_unsupported);
    EXPECT_EQ(meet_as(clients, &of_old, policy).problem, Problem::type_unsupported);
  }
}

TEST(ClientVerification, passthrough_tells_of_everybody_and_stops_nobody) {
  TestAuthority root("root");
  TestAuthority middle("middle", &root);
  const CertificateText expired = middle.issue({.not_after = 1'600'000'000});
  const ClientAuthentication clients{.mode = ClientCertificates::passthrough};
  for (const std::string_view policy : policies) {
    const Outcome outcome = meet_as(clients, &expired, policy);
    EXPECT_TRUE(outcome.let_in);
    ASSERT_TRUE(outcome.told);
    const std::string_view begin = "-----BEGIN%20CERTIFICATE-----";
    EXPECT_TRUE(outcome.told->chain.starts_with(begin));
    EXPECT_NE(outcome.told->chain.find(begin, 1), std::string::npos);  // the intermediate one
    EXPECT_EQ(outcome.told->leaf + outcome.told->subject, "");
    EXPECT_TRUE(outcome.presented.subject.starts_with("CN="));
    EXPECT_TRUE(outcome.presented.validity.ends_with(";NotAfter=2020-09-13T12:26:40Z"));
    const Outcome without = meet_as(clients, nullptr, policy);
    EXPECT_TRUE(without.let_in);
    EXPECT_FALSE(without.told);
  }
}

TEST(ClientVerification, more_certificates_than_fit_are_refused) {
  TestAuthority root("root");
  CertificateText shown = root.issue();
  for (int i = 0; i < 64; ++i) shown.chain_pem += root.pem();
  for (const auto mode : {ClientCertificates::passthrough, ClientCertificates::verified}) {
    ClientAuthentication clients = verified(trust(root.pem()));
    clients.mode = mode;
    for (const std::string_view policy : policies) {
      const Outcome outcome = meet_as(clients, &shown, policy);
      EXPECT_FALSE(outcome.let_in);
      EXPECT_EQ(outcome.problem, Problem::too_large);
    }
  }
}

TEST(ClientVerification, no_session_is_resumed_into_or_out_of_it) {
  TestAuthority root("root");
  const CertificateText good = root.issue();
  const TicketKeys keys = make_ticket_keys();
  const ClientAuthentication clients = verified(trust(root.pem()));
  for (const std::string_view policy : policies) {
    const auto open = serve(policy, {}, keys);
    SessionCache cache;
    EXPECT_EQ(meet(*open, nullptr, &cache).tickets, 1U);
    EXPECT_TRUE(meet(*open, nullptr, &cache).resumed);
    const auto closed = serve(policy, clients, keys);
    EXPECT_EQ(meet(*closed, nullptr, &cache).problem, Problem::missing) << policy;
    SessionCache fresh;
    EXPECT_EQ(meet(*closed, &good, &fresh).tickets, 0U) << policy;
    const auto passing = serve(policy, {.mode = ClientCertificates::passthrough}, keys);
    EXPECT_EQ(meet(*passing, &good, &fresh).tickets, 0U) << policy;
  }
}

}  // namespace
}  // namespace daruma::tls
