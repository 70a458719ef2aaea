// SPDX-License-Identifier: Apache-2.0
#include "tls/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "base/check.h"

namespace daruma::tls {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  DARUMA_ASSERT(context_ != nullptr);
  DARUMA_ASSERT(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
}

void Sha256::update(std::string_view bytes) {
  DARUMA_ASSERT(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  DARUMA_ASSERT(EVP_DigestFinal_ex(context_, digest.data(), &size) == 1);
  DARUMA_ASSERT(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += digits[digest[i] >> 4];
    hex += digits[digest[i] & 15];
  }
  return hex;
}

}  // namespace daruma::tls
