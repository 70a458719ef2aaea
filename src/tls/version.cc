// SPDX-License-Identifier: Apache-2.0
#include "tls/version.h"

#include <openssl/crypto.h>

namespace daruma::tls {

std::string library_version() {
  return OpenSSL_version(OPENSSL_VERSION);
}

}  // namespace daruma::tls
