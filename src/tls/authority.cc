// SPDX-License-Identifier: Apache-2.0
#include "tls/authority.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "tls/certificate.h"
#include "tls/certificate_maker.h"

namespace daruma::tls {
namespace {

bool describe_authority(X509* certificate, EVP_PKEY* key, const std::string& name,
                        const Validity& validity) {
  return begin_certificate(certificate, name, key) &&
         set_validity(certificate, validity.begin, validity.end) &&
         X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
         add_extension(certificate, certificate, NID_basic_constraints,
                       "critical,CA:TRUE,pathlen:0") &&
         add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
}

// An RSA key may also be what a client's secret is encrypted with (TLS 1.2 without (EC)DHE).
const char* usage_of(LeafKey kind) {
  return kind == LeafKey::rsa_2048 ? "critical,digitalSignature,keyEncipherment"
                                   : "critical,digitalSignature";
}

bool describe_leaf(X509* certificate, EVP_PKEY* key, X509* authority,
                   std::span<const std::string> names, LeafKey kind, const Validity& validity) {
  return begin_certificate(certificate, names.front(), key) &&
         set_validity(certificate, validity.begin, validity.end) &&
         X509_set_issuer_name(certificate, X509_get_subject_name(authority)) == 1 &&
         add_extension(certificate, authority, NID_subject_alt_name, alternative_names(names)) &&
         add_extension(certificate, authority, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, authority, NID_key_usage, usage_of(kind)) &&
         add_extension(certificate, authority, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, authority, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, authority, NID_authority_key_identifier, "keyid:always");
}

OwnedKey make_key(LeafKey kind) {
  switch (kind) {
    case LeafKey::p256:
      return make_ec_key(NID_X9_62_prime256v1);
    case LeafKey::p384:
      return make_ec_key(NID_secp384r1);
    case LeafKey::rsa_2048:
      return make_rsa_key(2048);
  }
  return nullptr;
}

}  // namespace

CertifiedKey make_authority(const std::string& name, const Validity& validity) {
  const OwnedKey key = make_ec_key(NID_X9_62_prime256v1);
  const OwnedX509 certificate(X509_new());
  DARUMA_ASSERT(key != nullptr && certificate != nullptr);
  DARUMA_ASSERT(describe_authority(certificate.get(), key.get(), name, validity));
  DARUMA_ASSERT(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);
  X509* const chain[] = {certificate.get()};
  return certified_key(chain, key.get());
}

Result<CertifiedKey> issue(const CertifiedKey& authority, std::span<const std::string> names,
                           LeafKey kind, const Validity& validity) {
  DARUMA_ASSERT(!names.empty());
  const auto issuer = parse_certificate({"authority", authority.chain_pem, authority.key_pem});
  if (!issuer) return fail(issuer.error().message);
  const OwnedKey key = make_key(kind);
  const OwnedX509 leaf(X509_new());
  DARUMA_ASSERT(key != nullptr && leaf != nullptr);
  X509* const issuer_certificate = issuer->leaf.get();
  if (!describe_leaf(leaf.get(), key.get(), issuer_certificate, names, kind, validity) ||
      X509_sign(leaf.get(), issuer->key.get(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return fail(
        fmt::format("no certificate can be made for {}; the first name has at most 64 "
                    "characters",
                    alternative_names(names)));
  }
  X509* const chain[] = {leaf.get(), issuer_certificate};
  return certified_key(chain, key.get());
}

}  // namespace daruma::tls
