// SPDX-License-Identifier: Apache-2.0
//
// Which TLS library is linked, for `daruma version`.
#pragma once

#include <string>

namespace daruma::tls {

// "OpenSSL 3.0.17 1 Jul 2025", "AWS-LC 1.…"
std::string library_version();

}  // namespace daruma::tls
