// SPDX-License-Identifier: Apache-2.0
#include "tls/self_signed.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/address.h"
#include "base/check.h"
#include "tls/library.h"

namespace daruma::tls {
namespace {

using Extension = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;
using KeyMaker = std::unique_ptr<EVP_PKEY_CTX, Releaser<EVP_PKEY_CTX_free>>;

constexpr long backdated_seconds = 3600;  // for clients whose clock is a little behind
constexpr long valid_seconds = 365L * 24 * 3600;

OwnedKey make_key() {
  const KeyMaker maker(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr));
  EVP_PKEY* key = nullptr;
  if (!maker || EVP_PKEY_keygen_init(maker.get()) != 1 ||
      EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker.get(), NID_X9_62_prime256v1) != 1 ||
      EVP_PKEY_keygen(maker.get(), &key) != 1) {
    return nullptr;
  }
  return OwnedKey(key);
}

std::string text_of(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

// "DNS:example.com,IP:127.0.0.1"
std::string alternative_names(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    text += (Address::parse(name, 0) ? "IP:" : "DNS:") + name;
  }
  return text;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial_number(X509* certificate) {
  uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

bool describe(X509* certificate, EVP_PKEY* key, std::span<const std::string> names) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* common_name = reinterpret_cast<const unsigned char*>(names.front().c_str());
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial_number(certificate) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -backdated_seconds) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), valid_seconds) != nullptr &&
         X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, common_name, -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         X509_set_pubkey(certificate, key) == 1 &&
         add_extension(certificate, NID_subject_alt_name, alternative_names(names)) &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth");
}

}  // namespace

Result<SelfSigned> make_self_signed(std::span<const std::string> names) {
  DARUMA_ASSERT(!names.empty());
  const OwnedKey key = make_key();
  const OwnedX509 certificate(X509_new());
  if (!key || !certificate || !describe(certificate.get(), key.get(), names) ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return fail("no certificate can be made for " + alternative_names(names) +
                "; names are DNS names of up to 64 characters or IP addresses");
  }
  const OwnedBio chain(BIO_new(BIO_s_mem()));
  const OwnedBio secret(BIO_new(BIO_s_mem()));
  DARUMA_ASSERT(PEM_write_bio_X509(chain.get(), certificate.get()) == 1);
  DARUMA_ASSERT(PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr) == 1);
  return SelfSigned{text_of(chain.get()), text_of(secret.get())};
}

}  // namespace daruma::tls
