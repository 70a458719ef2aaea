// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "tls/certificate_for_test.h"
#include "tls/security_policy.h"

namespace daruma::tls {
namespace {

using namespace testing;  // NOLINT: this folder's own test helpers

std::string signing_request() {
  const std::unique_ptr<X509_REQ, Releaser<X509_REQ_free>> request(X509_REQ_new());
  EVP_PKEY* key = key_of(TestKey::p256);
  X509_REQ_set_pubkey(request.get(), key);
  X509_REQ_sign(request.get(), key, EVP_sha256());
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_REQ(memory.get(), request.get());
  return text_of(memory.get());
}

std::string public_key() {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(memory.get(), key_of(TestKey::p256));
  return text_of(memory.get());
}

std::string traditional_encrypted_key() {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey_traditional(memory.get(), key_of(TestKey::p256), EVP_aes_256_cbc(),
                                       nullptr, 0, nullptr, const_cast<char*>("secret"));
  return text_of(memory.get());
}

// The end of the block is cut off.
std::string damaged(const std::string& pem) {
  return pem.substr(0, pem.size() / 2);
}

TEST(Certificate, every_mistake_is_told_by_its_name) {
  const CertificateText good = make_certificate({});
  const CertificateText other = make_certificate({.key = TestKey::p384});
  const CertificateText rsa = make_certificate({.key = TestKey::rsa_2048});
  const CertificateText edwards = make_certificate({.key = TestKey::ed25519});
  const CertificateText koblitz = make_certificate({.key = TestKey::secp256k1});
  const CertificateText short_rsa = make_certificate({.key = TestKey::rsa_512});
  const std::string encrypted = pem_of(key_of(TestKey::p256), EVP_aes_256_cbc(), "secret");
  std::string long_chain = good.chain_pem;
  while (long_chain.size() < 3 * chain_bytes_max) long_chain += other.chain_pem;

  const struct {
    std::string chain;
    std::string key;
    std::string_view says;
  } rows[] = {
      {"", good.key_pem, "the certificate file is empty"},
      {"hello\n", good.key_pem, "no PEM block"},
      {signing_request(), good.key_pem, "signing request (CSR)"},
      {good.key_pem, good.chain_pem, "the certificate file holds only a private key"},
      {public_key(), good.key_pem, "has no block \"-----BEGIN CERTIFICATE-----\""},
      {damaged(good.chain_pem), good.key_pem, "certificate 1 of the chain is damaged"},
      {good.chain_pem + damaged(other.chain_pem), good.key_pem, "certificate 2 of the chain is"},
      {long_chain, good.key_pem, "bytes of certificates; at most 32768 can be sent"},
      {good.chain_pem, "", "the private key file is empty"},
      {good.chain_pem, "hello\n", "the private key file has no PEM block"},
      {good.chain_pem, good.chain_pem, "the private key file holds only a certificate"},
      {good.chain_pem, public_key(), "holds only a public key"},
      {good.chain_pem, encrypted, "encrypted with a passphrase"},
      {good.chain_pem, traditional_encrypted_key(), "encrypted with a passphrase"},
      {good.chain_pem, damaged(good.key_pem), "the private key is damaged"},
      {good.chain_pem, other.key_pem, "the private key does not belong to the certificate"},
      {good.chain_pem, rsa.key_pem, "the private key does not belong to the certificate"},
      {other.chain_pem + good.chain_pem, good.key_pem, "belongs to certificate 2 of the chain"},
      {edwards.chain_pem, edwards.key_pem, "keys of type ED25519 are not supported"},
      {koblitz.chain_pem, koblitz.key_pem, "the ECDSA key's curve is not supported"},
      {short_rsa.chain_pem, short_rsa.key_pem, "an RSA key of 512 bits is too short"},
  };
  for (const auto& row : rows) {
    const auto checked = describe_certificate({"site", row.chain, row.key});
    ASSERT_FALSE(checked) << row.says;
    EXPECT_TRUE(checked.error().message.starts_with("certificate 'site': "));
    EXPECT_NE(checked.error().message.find(row.says), std::string::npos)
        << checked.error().message << "\nexpected: " << row.says;
  }
}

TEST(Certificate, accepts_what_operators_have) {
  const CertificateText good = make_certificate({});
  const CertificateText issuer = make_certificate({.key = TestKey::p384});
  const std::string notes = "subject=CN = test\nissuer=CN = test\n";
  const std::pair<std::string, std::string> rows[] = {
      {good.chain_pem, good.key_pem},
      {good.chain_pem + issuer.chain_pem, good.key_pem},
      {notes + good.chain_pem + notes + issuer.chain_pem + notes, notes + good.key_pem},
      {good.key_pem + good.chain_pem, good.key_pem + good.chain_pem},  // one file for both
  };
  for (const auto& [chain, key] : rows) {
    const auto checked = describe_certificate({"site", chain, key});
    EXPECT_TRUE(checked) << checked.error().message;
  }
}

TEST(Certificate, what_others_read_holds_certificates_alone) {
  const CertificateText leaf = make_certificate({});
  const CertificateText issuer = make_certificate({.key = TestKey::p384});
  const std::vector<std::string> both{leaf.chain_pem, issuer.chain_pem};
  EXPECT_EQ(certificates_of(leaf.key_pem + leaf.chain_pem + "notes\n" + leaf.key_pem +
                            issuer.chain_pem + issuer.key_pem),
            both);
  EXPECT_EQ(certificates_of(leaf.chain_pem + damaged(issuer.chain_pem)),
            std::vector<std::string>{leaf.chain_pem});
  EXPECT_TRUE(certificates_of("").empty());
}

TEST(Certificate, facts_tell_names_key_and_validity) {
  const auto facts = describe_certificate(make_certificate(
      {.names = {"WWW.example.com", "*.example.com"}, .common_name = "other.example"}));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->names, (std::vector<std::string>{"www.example.com", "*.example.com"}));
  EXPECT_EQ(facts->key_type, KeyType::ecdsa);
  EXPECT_EQ(facts->key_bits, 256);
  const auto old = describe_certificate(
      make_certificate({.common_name = "Old.example", .key = TestKey::rsa_2048}));
  EXPECT_EQ(old->names, std::vector<std::string>{"old.example"});
  EXPECT_EQ(old->key_type, KeyType::rsa);
  EXPECT_EQ(old->key_bits, 2048);
}

TEST(Certificate, names_are_printable_whatever_bytes_a_certificate_has) {
  const auto names_of = [](const TestCertificate& wanted) {
    return describe_certificate(make_certificate(wanted))->names;
  };
  EXPECT_EQ(names_of({.names = {"caf\xe9.example.com", "good.example.com"}}),
            std::vector<std::string>{"good.example.com"});
  EXPECT_TRUE(names_of({.common_name = "caf\xc3\xa9.example.com"}).empty());
  EXPECT_EQ(names_of({.names = {"\xff.example.com"}, .common_name = "Plain.example"}),
            std::vector<std::string>{"plain.example"});
}

TEST(Certificate, being_expired_is_only_a_warning) {
  const auto facts = describe_certificate(make_certificate(
      {.not_before = 1'577'836'800, .not_after = 1'609'459'199}));  // the year 2020
  ASSERT_TRUE(facts);
  const auto at = [&](int64_t seconds) {
    return validity_warning(*facts, WallTime(std::chrono::seconds(seconds))).value_or("");
  };
  EXPECT_EQ(at(1'577'836'799), "is not valid before 2020-01-01");
  EXPECT_EQ(at(1'577'836'800), "");
  EXPECT_EQ(at(1'609'459'199 - 14 * 86'400), "");
  EXPECT_EQ(at(1'609'459'200 - 14 * 86'400), "ends on 2020-12-31");
  EXPECT_EQ(at(1'609'459'199), "ends on 2020-12-31");
  EXPECT_EQ(at(1'609'459'200), "expired on 2020-12-31");
}

TEST(Certificate, fingerprint_changes_with_either_part) {
  const CertificateText one = make_certificate({});
  CertificateText two = one;
  two.chain_pem += "\n";
  CertificateText three = one;
  three.key_pem += "\n";
  const std::string fingerprint = describe_certificate(one)->fingerprint;
  EXPECT_EQ(fingerprint.size(), 64u);
  EXPECT_EQ(fingerprint, describe_certificate(one)->fingerprint);
  EXPECT_NE(fingerprint, describe_certificate(two)->fingerprint);
  EXPECT_NE(fingerprint, describe_certificate(three)->fingerprint);
  EXPECT_NE(describe_certificate(two)->fingerprint, describe_certificate(three)->fingerprint);
}

TEST(ServerContext, says_why_it_cannot_be_made) {
  const CertificateText good = make_certificate({});
  const auto message_of = [](std::span<const CertificateText> certificates,
                             std::string_view policy) {
    const auto made = ServerContext::create(certificates, policy, make_ticket_keys());
    return made ? std::string() : made.error().message;
  };
  EXPECT_EQ(message_of(std::span(&good, 1), default_policy), "");
  EXPECT_EQ(message_of({}, default_policy), "an HTTPS listener needs a certificate");
  EXPECT_NE(message_of(std::span(&good, 1), "nonsense").find("'nonsense' is not a security policy"),
            std::string::npos);
  const CertificateText broken[] = {good, {"second", good.chain_pem, ""}};
  EXPECT_NE(message_of(broken, default_policy).find("certificate 'second': "), std::string::npos);
}

}  // namespace
}  // namespace daruma::tls
