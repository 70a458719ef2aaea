// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. What an authority has revoked (RFC 5280 5), as read once and looked up in by
// every handshake. The TLS library's own look-up is not used: it takes a list that it does not
// understand (a delta, an indirect one) for none, and hashes the whole list in each handshake.
#pragma once

#include <openssl/x509v3.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tls/library.h"

namespace daruma::tls {

using OwnedCrl = std::unique_ptr<X509_CRL, Releaser<X509_CRL_free>>;

inline constexpr std::string_view revocations_label = "X509 CRL";

// PEM (one list or more) or DER (one). Only complete lists, of all reasons, whose every critical
// extension is understood, signed with SHA-256 or better by RSA or ECDSA; else what is wrong.
Result<std::vector<OwnedCrl>> parse_revocations(std::string_view content);

size_t entries_of(X509_CRL* list);

// One list of one authority. Immutable.
class RevocationList {
 public:
  // The authority that signed it is one of these; else what is wrong, with the list's issuer.
  static Result<RevocationList> create(X509_CRL* list, std::span<const OwnedX509> authorities);

  bool is_of(const X509* issuer) const;
  // Whether it is about certificates like this (RFC 5280 5.2.5), of this list's issuer.
  bool in_scope(X509* certificate) const;
  bool contains(const X509* certificate) const;
  bool newer_than(const RevocationList& other) const;
  // X509_V_OK, X509_V_ERR_CRL_NOT_YET_VALID or X509_V_ERR_CRL_HAS_EXPIRED.
  int time_error() const;

 private:
  using OwnedName = std::unique_ptr<X509_NAME, Releaser<X509_NAME_free>>;
  using OwnedTime = std::unique_ptr<ASN1_TIME, Releaser<ASN1_STRING_free>>;
  using OwnedPoint = std::unique_ptr<ISSUING_DIST_POINT, Releaser<ISSUING_DIST_POINT_free>>;

  OwnedName issuer_;
  OwnedKey key_;  // that signed it
  OwnedTime begin_;
  OwnedTime end_;                     // null: it does not expire
  OwnedPoint point_;                  // null: it is about all of its issuer's certificates
  std::vector<std::string> serials_;  // sorted
};

// What the lists say of a certificate: X509_V_OK (also where its issuer has none),
// X509_V_ERR_CERT_REVOKED, or why they cannot say it. Of several the newest that is valid counts.
int revocation_error(std::span<const RevocationList> lists, X509* certificate, const X509* issuer);

// By the newest list, which may have expired: who was revoked remains so.
bool is_revoked(std::span<const RevocationList> lists, X509* certificate, const X509* issuer);

}  // namespace daruma::tls
