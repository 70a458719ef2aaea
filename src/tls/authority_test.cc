// SPDX-License-Identifier: Apache-2.0
#include "tls/authority.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "tls/certificate.h"
#include "tls/context.h"

namespace daruma::tls {
namespace {

using Store = std::unique_ptr<X509_STORE, Releaser<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Releaser<X509_STORE_CTX_free>>;

constexpr WallTime begin{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};
constexpr Validity short_one{begin, begin + std::chrono::days(395)};
constexpr Validity long_one{begin, begin + std::chrono::days(3650)};
const std::vector<std::string> names = {"site.example.com", "*.other.example.com"};

// "" if a client that trusts the authority alone takes the leaf for a server of that name, then.
std::string problem_of(const CertifiedKey& authority, const CertifiedKey& leaf, const char* name,
                       WallTime when) {
  const auto root = parse_certificate({"root", authority.chain_pem, authority.key_pem});
  const auto served = parse_certificate({"leaf", leaf.chain_pem, leaf.key_pem});
  if (!root || !served) return "cannot be read";
  const Store store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root->leaf.get());
  const StoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), served->leaf.get(), nullptr);
  X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set1_host(wanted, name, 0);
  X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(
      wanted, std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count());
  if (X509_verify_cert(context.get()) == 1) return "";
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

TEST(Authority, what_it_issues_is_trusted_for_its_names_and_its_time) {
  const CertifiedKey authority = make_authority("authority", long_one);
  for (const LeafKey kind : {LeafKey::p256, LeafKey::p384, LeafKey::rsa_2048}) {
    const auto leaf = issue(authority, names, kind, short_one);
    ASSERT_TRUE(leaf) << leaf.error().message;
    EXPECT_EQ(problem_of(authority, *leaf, "site.example.com", begin + 1s), "");
    EXPECT_EQ(problem_of(authority, *leaf, "a.other.example.com", short_one.end - 1s), "");
    EXPECT_NE(problem_of(authority, *leaf, "other.example.com", begin + 1s), "");
    EXPECT_NE(problem_of(authority, *leaf, "site.example.com", begin - 1s), "");
    EXPECT_NE(problem_of(authority, *leaf, "site.example.com", short_one.end + 1s), "");
  }
}

TEST(Authority, nobody_else_is_trusted_with_it) {
  const CertifiedKey authority = make_authority("authority", long_one);
  const CertifiedKey namesake = make_authority("authority", long_one);
  const auto below = issue(authority, names, LeafKey::p256, short_one);
  ASSERT_TRUE(below);
  for (const CertifiedKey& other : {namesake, *below}) {
    const auto leaf = issue(other, names, LeafKey::p256, short_one);
    ASSERT_TRUE(leaf);
    EXPECT_NE(problem_of(authority, *leaf, "site.example.com", begin + 1s), "");
  }
}

TEST(Authority, its_leaf_is_told_of_as_it_is) {
  const CertifiedKey authority = make_authority("authority", long_one);
  const auto leaf = issue(authority, names, LeafKey::p384, short_one);
  ASSERT_TRUE(leaf);
  const auto facts = describe_certificate({"leaf", leaf->chain_pem, leaf->key_pem});
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->names, names);
  EXPECT_EQ(facts->key_bits, 384);
  EXPECT_EQ(facts->not_before, short_one.begin);
  EXPECT_EQ(facts->not_after, short_one.end);
  EXPECT_EQ(facts->subject, "CN=site.example.com");
  EXPECT_EQ(facts->issuer, "CN=authority");
  EXPECT_EQ(facts->serial.size(), 8 * 3 - 1);
  EXPECT_EQ(certificates_of(leaf->chain_pem).size(), 2U);
  EXPECT_EQ(certificates_of(leaf->chain_pem).at(1), authority.chain_pem);
}

TEST(Authority, says_what_it_cannot_issue) {
  const CertifiedKey authority = make_authority("authority", long_one);
  const std::vector<std::string> long_name = {std::string(65, 'a')};
  const auto refused = issue(authority, long_name, LeafKey::p256, short_one);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("64"), std::string::npos);
  EXPECT_FALSE(issue({"no certificate", authority.key_pem}, names, LeafKey::p256, short_one));
}

}  // namespace
}  // namespace daruma::tls
