// SPDX-License-Identifier: Apache-2.0
//
// A number for a text that is the same on every machine, today and tomorrow. Not for secrets, nor
// against whoever may choose the text. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace daruma {

// FNV-1a with a final mix.
inline uint64_t stable_hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace daruma
