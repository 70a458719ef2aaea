// SPDX-License-Identifier: Apache-2.0
//
// A private key with the certificates over it, as PEM. A value.
#pragma once

#include <string>

namespace daruma::tls {

struct CertifiedKey {
  std::string chain_pem;  // leaf first
  std::string key_pem;
  bool operator==(const CertifiedKey&) const = default;
};

}  // namespace daruma::tls
