// SPDX-License-Identifier: Apache-2.0
//
// Self-signed certificates for trying things out: the quickstart's listener, the sample origin,
// tests.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "tls/certified_key.h"

namespace daruma::tls {

// A fresh ECDSA P-256 key and a certificate over it, valid from an hour ago for a year, for the
// given names (DNS names, wildcards among them, and IP addresses). The first is the subject.
// REQUIRES: !names.empty().
Result<CertifiedKey> make_self_signed(std::span<const std::string> names);

}  // namespace daruma::tls
