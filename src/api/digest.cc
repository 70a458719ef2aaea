// SPDX-License-Identifier: Apache-2.0
#include "api/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <vector>

#include "base/check.h"

namespace daruma::api {
namespace {

constexpr char digits[] = "0123456789abcdef";

template <class Bytes>
std::string hex_of(const Bytes& bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text;
}

}  // namespace

Digest sha256(std::string_view text) {
  Digest digest{};
  unsigned int size = 0;
  const int done =
      EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  DARUMA_ASSERT(done == 1);
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned int size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data,
                                   text.size(), digest.data(), &size);
  DARUMA_ASSERT(done != nullptr);
  return digest;
}

std::string hex(const Digest& digest) {
  return hex_of(digest);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_hex(size_t bytes) {
  std::vector<uint8_t> random(bytes);
  const int done = RAND_bytes(random.data(), static_cast<int>(bytes));
  DARUMA_ASSERT(done == 1);
  return hex_of(random);
}

std::string make_uuid() {
  std::string uuid = random_hex(16);
  for (const size_t place : {20, 16, 12, 8}) uuid.insert(place, 1, '-');
  return uuid;
}

}  // namespace daruma::api
