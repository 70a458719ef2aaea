// SPDX-License-Identifier: Apache-2.0
//
// For tests: certificates of every kind, made on the spot. Keys are made once per process and kind,
// because an RSA key takes a while.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <map>
#include <string>
#include <vector>

#include "tls/context.h"
#include "tls/library.h"

namespace daruma::tls::testing {

enum class TestKey { p256, p384, p521, secp256k1, rsa_512, rsa_2048, rsa_3072, ed25519 };

struct TestCertificate {
  std::string name = "test";
  std::vector<std::string> names = {};  // DNS names
  std::string common_name = "test";
  TestKey key = TestKey::p256;
  const EVP_MD* digest = EVP_sha256();
  int64_t not_before = 1'577'836'800;  // 2020-01-01
  int64_t not_after = 4'102'444'800;   // 2100-01-01
};

inline OwnedKey make_key(TestKey kind) {
  const auto generate = [](int type, int curve, int bits) {
    EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_id(type, nullptr);
    EXPECT_EQ(EVP_PKEY_keygen_init(maker), 1);
    EXPECT_TRUE(curve == 0 || EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker, curve) == 1);
    EXPECT_TRUE(bits == 0 || EVP_PKEY_CTX_set_rsa_keygen_bits(maker, bits) == 1);
    EVP_PKEY* key = nullptr;
    EXPECT_EQ(EVP_PKEY_keygen(maker, &key), 1);
    EVP_PKEY_CTX_free(maker);
    return OwnedKey(key);
  };
  switch (kind) {
    case TestKey::p256:
      return generate(EVP_PKEY_EC, NID_X9_62_prime256v1, 0);
    case TestKey::p384:
      return generate(EVP_PKEY_EC, NID_secp384r1, 0);
    case TestKey::p521:
      return generate(EVP_PKEY_EC, NID_secp521r1, 0);
    case TestKey::secp256k1:
      return generate(EVP_PKEY_EC, NID_secp256k1, 0);
    case TestKey::rsa_512:
      return generate(EVP_PKEY_RSA, 0, 512);
    case TestKey::rsa_2048:
      return generate(EVP_PKEY_RSA, 0, 2048);
    case TestKey::rsa_3072:
      return generate(EVP_PKEY_RSA, 0, 3072);
    case TestKey::ed25519:
      return generate(EVP_PKEY_ED25519, 0, 0);
  }
  return nullptr;
}

inline EVP_PKEY* key_of(TestKey kind) {
  static std::map<TestKey, OwnedKey> keys;
  OwnedKey& key = keys[kind];
  if (!key) key = make_key(kind);
  return key.get();
}

inline std::string text_of(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

inline std::string pem_of(X509* certificate) {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_X509(memory.get(), certificate), 1);
  return text_of(memory.get());
}

inline std::string pem_of(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr,
                          const char* passphrase = nullptr) {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_PrivateKey(memory.get(), key, cipher, nullptr, 0, nullptr,
                                     const_cast<char*>(passphrase)),
            1);
  return text_of(memory.get());
}

inline void add_names(X509* certificate, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::string value;
  for (const std::string& name : names) value += (value.empty() ? "DNS:" : ",DNS:") + name;
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, value.c_str());
  EXPECT_EQ(X509_add_ext(certificate, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

// Self-signed.
inline CertificateText make_certificate(const TestCertificate& wanted) {
  EVP_PKEY* key = key_of(wanted.key);
  const OwnedX509 certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  static long serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), wanted.not_before);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), wanted.not_after);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wanted.common_name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), key);
  add_names(certificate.get(), wanted.names);
  const bool own_digest = wanted.key == TestKey::ed25519;
  EXPECT_GT(X509_sign(certificate.get(), key, own_digest ? nullptr : wanted.digest), 0);
  return {wanted.name, pem_of(certificate.get()), pem_of(key)};
}

}  // namespace daruma::tls::testing
