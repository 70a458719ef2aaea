// SPDX-License-Identifier: Apache-2.0
//
// A certificate authority of one level: itself, and leaves for servers that it signs (RFC 5280).
// Whoever trusts its certificate trusts what it issued. Any thread; chance comes from the library.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "tls/certified_key.h"

namespace daruma::tls {

struct Validity {
  WallTime begin;
  WallTime end;
};

// A fresh ECDSA P-256 key and its self-signed certificate, which may sign leaves and no further
// authorities.
// REQUIRES: a name of 1 to 64 bytes.
CertifiedKey make_authority(const std::string& name, const Validity& validity);

enum class LeafKey : uint8_t { p256, p384, rsa_2048 };

// A fresh key and a certificate over it, for the DNS names (wildcards among them), of which the
// first is the subject; the authority's certificate follows in the chain. Fails if the authority
// cannot be read, or a name cannot be in a certificate; says which.
// REQUIRES: !names.empty().
Result<CertifiedKey> issue(const CertifiedKey& authority, std::span<const std::string> names,
                           LeafKey kind, const Validity& validity);

}  // namespace daruma::tls
