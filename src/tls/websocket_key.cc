// SPDX-License-Identifier: Apache-2.0
#include "tls/websocket_key.h"

#include <openssl/evp.h>

#include <array>
#include <span>

#include "base/check.h"

namespace daruma::tls {
namespace {

constexpr std::string_view protocol_id = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t digest_bytes = 20;

std::string base64(std::span<const unsigned char> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // with the end that OpenSSL writes
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

}  // namespace

std::string websocket_key(uint64_t high, uint64_t low) {
  std::array<unsigned char, 16> bytes;
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<unsigned char>(high >> (8 * i));
    bytes[8 + i] = static_cast<unsigned char>(low >> (8 * i));
  }
  return base64(bytes);
}

std::string websocket_accept(std::string_view key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  const std::string text = std::string(key).append(protocol_id);
  unsigned size = 0;
  DARUMA_ASSERT(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) ==
                1);
  DARUMA_ASSERT(size == digest_bytes);
  return base64(std::span(digest).first(digest_bytes));
}

}  // namespace daruma::tls
