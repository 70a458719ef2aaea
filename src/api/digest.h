// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 and what is made of it, by OpenSSL. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace daruma::api {

using Digest = std::array<uint8_t, 32>;

Digest sha256(std::string_view text);
Digest hmac_sha256(std::string_view key, std::string_view text);
std::string hex(const Digest& digest);
inline std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Takes as long wherever the first difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// From the system's source of randomness; so many bytes as hexadecimal digits.
std::string random_hex(size_t bytes);
std::string make_uuid();

}  // namespace daruma::api
