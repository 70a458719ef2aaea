// SPDX-License-Identifier: Apache-2.0
//
// For tests: authorities of one level or more, clients' certificates of theirs, and lists of those
// that they revoked.
#pragma once

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tls/certificate_for_test.h"
#include "tls/certificate_maker.h"
#include "tls/library.h"

namespace daruma::tls::testing {

struct ClientKind {
  std::string common_name = "client";
  const char* purpose = "clientAuth";
  int64_t not_before = 1'577'836'800;  // 2020-01-01
  int64_t not_after = 4'102'444'800;   // 2100-01-01
  int rsa_bits = 0;                    // 0: P-256
  const EVP_MD* digest = EVP_sha256();
  const char* usage = "critical,keyCertSign,cRLSign";  // of an authority
  std::string list_at{};                               // where its revocation would stand: a URI
};

class TestAuthority {
 public:
  // Of `kind`, the key, its usage and the hash count.
  explicit TestAuthority(const std::string& name, const TestAuthority* issuer = nullptr,
                         ClientKind kind = {})
      : key_(make_key(kind)), certificate_(X509_new()) {
    kind.common_name = name;
    begin(certificate_.get(), kind, key_.get());
    X509* parent = issuer ? issuer->certificate_.get() : certificate_.get();
    EXPECT_TRUE(
        add_extension(certificate_.get(), parent, NID_basic_constraints, "critical,CA:TRUE"));
    EXPECT_TRUE(add_extension(certificate_.get(), parent, NID_key_usage, kind.usage));
    finish(certificate_.get(), parent, issuer ? issuer->key_.get() : key_.get(), kind.digest);
    above_ = issuer ? issuer->chain() : "";
  }

  std::string pem() const { return pem_of(certificate_.get()); }
  // Its certificate, and those above it.
  std::string chain() const { return pem() + above_; }

  // With the chain that a client would send: of all but the topmost authority.
  CertificateText issue(const ClientKind& kind = {}) {
    const OwnedKey key = make_key(kind);
    const OwnedX509 certificate(X509_new());
    begin(certificate.get(), kind, key.get());
    EXPECT_TRUE(
        add_extension(certificate.get(), certificate_.get(), NID_ext_key_usage, kind.purpose));
    if (!kind.list_at.empty()) {
      EXPECT_TRUE(add_extension(certificate.get(), certificate_.get(), NID_crl_distribution_points,
                                "URI:" + kind.list_at));
    }
    finish(certificate.get(), certificate_.get(), key_.get(), kind.digest);
    serial_ = ASN1_INTEGER_get(X509_get0_serialNumber(certificate.get()));
    const std::string above = above_.empty() ? "" : chain();
    return {kind.common_name, pem_of(certificate.get()) + above, pem_of(key.get())};
  }
  long last_serial() const { return serial_; }
  long serial() const { return ASN1_INTEGER_get(X509_get0_serialNumber(certificate_.get())); }

  // What is done to a list before it is signed.
  using Change = std::function<void(X509_CRL*)>;
  // PEM.
  std::string revocations(const std::vector<long>& serials, int64_t next_update = 4'102'444'800,
                          const Change& change = {}) const {
    const std::unique_ptr<X509_CRL, Releaser<X509_CRL_free>> list(X509_CRL_new());
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get()));
    const std::unique_ptr<ASN1_TIME, Releaser<ASN1_TIME_free>> begin(
        ASN1_TIME_set(nullptr, 1'577'836'800));
    const std::unique_ptr<ASN1_TIME, Releaser<ASN1_TIME_free>> end(
        ASN1_TIME_set(nullptr, next_update));
    X509_CRL_set1_lastUpdate(list.get(), begin.get());
    X509_CRL_set1_nextUpdate(list.get(), end.get());
    for (const long serial : serials) {
      X509_REVOKED* entry = X509_REVOKED_new();
      const std::unique_ptr<ASN1_INTEGER, Releaser<ASN1_INTEGER_free>> number(ASN1_INTEGER_new());
      ASN1_INTEGER_set(number.get(), serial);
      X509_REVOKED_set_serialNumber(entry, number.get());
      X509_REVOKED_set_revocationDate(entry, begin.get());
      EXPECT_EQ(X509_CRL_add0_revoked(list.get(), entry), 1);
    }
    X509_CRL_sort(list.get());
    if (change) change(list.get());
    EXPECT_GT(X509_CRL_sign(list.get(), key_.get(), EVP_sha256()), 0);
    const OwnedBio memory(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_X509_CRL(memory.get(), list.get()), 1);
    return text_of(memory.get());
  }

 private:
  static OwnedKey make_key(const ClientKind& kind) {
    return kind.rsa_bits == 0 ? make_ec_key(NID_X9_62_prime256v1) : make_rsa_key(kind.rsa_bits);
  }
  void begin(X509* certificate, const ClientKind& kind, EVP_PKEY* key) {
    EXPECT_TRUE(begin_certificate(certificate, kind.common_name, key));
    static long serial = 1000;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    ASN1_TIME_set(X509_getm_notBefore(certificate), kind.not_before);
    ASN1_TIME_set(X509_getm_notAfter(certificate), kind.not_after);
  }
  static void finish(X509* certificate, X509* issuer, EVP_PKEY* key, const EVP_MD* digest) {
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    EXPECT_GT(X509_sign(certificate, key, digest), 0);
  }

  OwnedKey key_;
  OwnedX509 certificate_;
  std::string above_;
  long serial_ = 0;
};

}  // namespace daruma::tls::testing
