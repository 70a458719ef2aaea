// SPDX-License-Identifier: Apache-2.0
//
// ascii_lower() of eight characters at once. Pure.
#pragma once

#include <cstdint>

namespace daruma::routing {

// In each byte, 'A' to 'Z' gets bit 0x20; all others stay.
constexpr uint64_t ascii_lowered_word(uint64_t word) {
  constexpr uint64_t ones = 0x0101010101010101;
  const uint64_t low_bits = word & (ones * 0x7f);
  const uint64_t at_least_a = low_bits + ones * (0x80 - 'A');
  const uint64_t beyond_z = low_bits + ones * (0x7f - 'Z');
  const uint64_t upper = (at_least_a ^ beyond_z) & ~word & (ones * 0x80);
  return word | (upper >> 2);
}

}  // namespace daruma::routing
