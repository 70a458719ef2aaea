// SPDX-License-Identifier: Apache-2.0
#include "tls/self_signed.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "tls/certificate_maker.h"

namespace daruma::tls {
namespace {

constexpr long backdated_seconds = 3600;  // for clients whose clock is a little behind
constexpr long valid_seconds = 365L * 24 * 3600;

bool describe(X509* certificate, EVP_PKEY* key, std::span<const std::string> names) {
  return begin_certificate(certificate, names.front(), key) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -backdated_seconds) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), valid_seconds) != nullptr &&
         X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
         add_extension(certificate, certificate, NID_subject_alt_name, alternative_names(names)) &&
         add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, certificate, NID_ext_key_usage, "serverAuth");
}

}  // namespace

Result<CertifiedKey> make_self_signed(std::span<const std::string> names) {
  DARUMA_ASSERT(!names.empty());
  const OwnedKey key = make_ec_key(NID_X9_62_prime256v1);
  const OwnedX509 certificate(X509_new());
  if (!key || !certificate || !describe(certificate.get(), key.get(), names) ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return fail("no certificate can be made for " + alternative_names(names) +
                "; names are DNS names of up to 64 characters or IP addresses");
  }
  X509* const chain[] = {certificate.get()};
  return certified_key(chain, key.get());
}

}  // namespace daruma::tls
