// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. A certificate step by step, from a fresh key to PEM; what self-signed ones,
// authorities and what they issue have in common. Each step is false, or empty, where the library
// refuses what it was given.
#pragma once

#include <span>
#include <string>

#include "base/time.h"
#include "tls/certified_key.h"
#include "tls/library.h"

namespace daruma::tls {

OwnedKey make_ec_key(int curve);  // NID
OwnedKey make_rsa_key(int bits);

// "DNS:example.com,IP:127.0.0.1"
std::string alternative_names(std::span<const std::string> names);

// Version 3, a random serial number, the name (of up to 64 bytes, RFC 5280 A.1) as the subject.
bool begin_certificate(X509* certificate, const std::string& common_name, EVP_PKEY* key);
bool set_validity(X509* certificate, WallTime begin, WallTime end);  // to the second
// As in openssl.cnf. REQUIRES: what the extension is made of (issuer, keys) is set.
bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value);

// The certificates, leaf first, with the leaf's key.
CertifiedKey certified_key(std::span<X509* const> chain, EVP_PKEY* key);

}  // namespace daruma::tls
