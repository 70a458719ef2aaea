// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of bytes as they pass.
#pragma once

#include <openssl/evp.h>

#include <string>
#include <string_view>

namespace daruma::tls {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  // 64 hexadecimal digits, and ready for the next message.
  std::string finish();

 private:
  EVP_MD_CTX* context_;
};

}  // namespace daruma::tls
