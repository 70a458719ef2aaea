// SPDX-License-Identifier: Apache-2.0
#include "api/local_authority.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tls/context.h"

namespace daruma::api {
namespace {

namespace shapes = model::api;

constexpr WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};
const std::vector<std::string> names = {"site.example.com", "*.site.example.com"};

shapes::Certificate issued(shapes::Resources& created, WallTime when,
                           tls::LeafKey kind = tls::LeafKey::p256) {
  shapes::Certificate certificate;
  EXPECT_TRUE(issue_certificate(created, names, kind, when, certificate));
  return certificate;
}

tls::CertificateFacts facts_of(const shapes::Certificate& certificate) {
  const auto facts = tls::describe_certificate({"", certificate.chain_pem, certificate.key_pem});
  EXPECT_TRUE(facts);
  return facts.value_or(tls::CertificateFacts());
}

TEST(LocalAuthority, is_made_once) {
  shapes::Resources created;
  const auto first = issued(created, now);
  ASSERT_EQ(created.authorities.size(), 1U);
  const auto authority = created.authorities.front();
  const auto second = issued(created, now + 24h);
  EXPECT_EQ(created.authorities, std::vector{authority});
  EXPECT_EQ(facts_of(first).issuer, facts_of(second).issuer);
  EXPECT_NE(first.key_pem, second.key_pem);
}

TEST(LocalAuthority, issues_for_thirteen_months) {
  shapes::Resources created;
  const auto certificate = issued(created, now);
  EXPECT_EQ(facts_of(certificate).not_after, now + issued_for);
  EXPECT_EQ(facts_of(certificate).names, names);
  EXPECT_EQ(facts_of(certificate).fingerprint, certificate.fingerprint);
  EXPECT_EQ(certificate.request.issued, "2026-01-02T00:00:00.000000Z");
}

TEST(LocalAuthority, one_that_would_end_before_what_it_signs_is_followed_by_another) {
  shapes::Resources created;
  issued(created, now);
  const auto first = created.authorities.front();
  const WallTime last_day = now + authority_valid_for - issued_for;
  issued(created, last_day);
  EXPECT_EQ(created.authorities, std::vector{first});
  issued(created, last_day + 1s);
  ASSERT_EQ(created.authorities.size(), 2U);
  EXPECT_EQ(created.authorities.front(), first);
  issued(created, now + authority_valid_for + 1s);  // whom nobody has to trust any more
  ASSERT_EQ(created.authorities.size(), 1U);
  EXPECT_NE(created.authorities.front(), first);
}

TEST(LocalAuthority, renews_the_same_names_with_another_key_of_the_same_kind) {
  for (const auto kind : {tls::LeafKey::p256, tls::LeafKey::p384, tls::LeafKey::rsa_2048}) {
    shapes::Resources created;
    const auto before = issued(created, now, kind);
    auto after = before;
    ASSERT_TRUE(renew_certificate(created, now + 24h, after));
    EXPECT_EQ(facts_of(after).names, names);
    EXPECT_EQ(facts_of(after).key_type, facts_of(before).key_type);
    EXPECT_EQ(facts_of(after).key_bits, facts_of(before).key_bits);
    EXPECT_EQ(facts_of(after).not_after, now + 24h + issued_for);
    EXPECT_NE(after.key_pem, before.key_pem);
  }
}

TEST(LocalAuthority, renewal_is_due_two_months_before_the_end_and_of_its_own_alone) {
  shapes::Resources created;
  const auto certificate = issued(created, now);
  const WallTime end = now + issued_for;
  EXPECT_FALSE(is_due(certificate, end, end - renewed_before_end));
  EXPECT_TRUE(is_due(certificate, end, end - renewed_before_end + 1s));
  EXPECT_TRUE(is_due(certificate, end, end + 24h));
  EXPECT_FALSE(is_due(shapes::Certificate(), end, end + 24h));
}

}  // namespace
}  // namespace daruma::api
