// SPDX-License-Identifier: Apache-2.0
//
// Up to eight characters at once. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace daruma::routing {

// Up to eight bytes as one number: equal for equal bytes only, where they are equally many. Not by
// one memcpy of their number: that would be a call, and a store that the next load has to wait for.
// REQUIRES: bytes <= 8; where it is 0, `from` is not read.
inline uint64_t word_of(const char* from, size_t bytes) {
  const auto ends = [from, bytes](auto half) -> uint64_t {  // which overlap
    auto end = half;
    std::memcpy(&half, from, sizeof half);
    std::memcpy(&end, from + bytes - sizeof end, sizeof end);
    return half | (uint64_t{end} << (8 * (bytes - sizeof end)));
  };
  if (bytes == 8) {
    uint64_t word = 0;
    std::memcpy(&word, from, 8);
    return word;
  }
  if (bytes >= 4) return ends(uint32_t{0});
  if (bytes >= 2) return ends(uint16_t{0});
  return bytes == 1 ? static_cast<uint8_t>(*from) : 0;
}

// ascii_lower() of each: in each byte, 'A' to 'Z' gets bit 0x20; all others stay.
constexpr uint64_t ascii_lowered_word(uint64_t word) {
  constexpr uint64_t ones = 0x0101010101010101;
  const uint64_t low_bits = word & (ones * 0x7f);
  const uint64_t at_least_a = low_bits + ones * (0x80 - 'A');
  const uint64_t beyond_z = low_bits + ones * (0x7f - 'Z');
  const uint64_t upper = (at_least_a ^ beyond_z) & ~word & (ones * 0x80);
  return word | (upper >> 2);
}

}  // namespace daruma::routing
