// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. A certificate with its chain and key, parsed and understood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tls/context.h"
#include "tls/library.h"

namespace daruma::tls {

struct ParsedCertificate {
  std::string name;  // as the operator calls it
  CertificateFacts facts;
  int curve = 0;                  // NID, for ECDSA keys
  int hash_bits = 0;              // of the hash that the leaf is signed with
  std::vector<unsigned char> id;  // SHA-256 of the leaf
  OwnedX509 leaf;
  std::vector<OwnedX509> issuers;  // the rest of the chain, in the file's order
  OwnedKey key;
};

// A handshake must fit a Buffer, and no sensible chain comes near this.
inline constexpr size_t chain_bytes_max = 32 * 1024;
static_assert(chain_bytes_max < 64 * 1024);

// RFC 2253: "CN=example.com"; printable ASCII.
std::string text_of(const X509_NAME* name);

Result<ParsedCertificate> parse_certificate(const CertificateText& text);
// A bundle of authorities: one certificate or more.
Result<std::vector<OwnedX509>> parse_authorities(std::string_view pem);

}  // namespace daruma::tls
