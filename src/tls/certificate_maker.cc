// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_maker.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/address.h"
#include "base/check.h"

namespace daruma::tls {
namespace {

using Extension = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;
using KeyMaker = std::unique_ptr<EVP_PKEY_CTX, Releaser<EVP_PKEY_CTX_free>>;

OwnedKey generate(const KeyMaker& maker) {
  EVP_PKEY* key = nullptr;
  return EVP_PKEY_keygen(maker.get(), &key) == 1 ? OwnedKey(key) : nullptr;
}

std::string text_of(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

bool set_serial_number(X509* certificate) {
  uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

bool set_time(ASN1_TIME* to, WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return ASN1_TIME_set(to, static_cast<time_t>(seconds.time_since_epoch().count())) != nullptr;
}

}  // namespace

OwnedKey make_ec_key(int curve) {
  const KeyMaker maker(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr));
  if (!maker || EVP_PKEY_keygen_init(maker.get()) != 1 ||
      EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker.get(), curve) != 1) {
    return nullptr;
  }
  return generate(maker);
}

OwnedKey make_rsa_key(int bits) {
  const KeyMaker maker(EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr));
  if (!maker || EVP_PKEY_keygen_init(maker.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_keygen_bits(maker.get(), bits) != 1) {
    return nullptr;
  }
  return generate(maker);
}

std::string alternative_names(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    text += (Address::parse(name, 0) ? "IP:" : "DNS:") + name;
  }
  return text;
}

bool begin_certificate(X509* certificate, const std::string& common_name, EVP_PKEY* key) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial_number(certificate) &&
         X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
         X509_set_pubkey(certificate, key) == 1;
}

bool set_validity(X509* certificate, WallTime begin, WallTime end) {
  return set_time(X509_getm_notBefore(certificate), begin) &&
         set_time(X509_getm_notAfter(certificate), end);
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

CertifiedKey certified_key(std::span<X509* const> chain, EVP_PKEY* key) {
  const OwnedBio certificates(BIO_new(BIO_s_mem()));
  const OwnedBio secret(BIO_new(BIO_s_mem()));
  DARUMA_ASSERT(certificates != nullptr && secret != nullptr);
  for (X509* each : chain) DARUMA_ASSERT(PEM_write_bio_X509(certificates.get(), each) == 1);
  DARUMA_ASSERT(
      PEM_write_bio_PrivateKey(secret.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return {text_of(certificates.get()), text_of(secret.get())};
}

}  // namespace daruma::tls
