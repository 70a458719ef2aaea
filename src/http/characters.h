// SPDX-License-Identifier: Apache-2.0
//
// Classes of bytes in HTTP/1.1 (RFC 9110 5.5 and 5.6.2), and the fast searches that the parser is
// made of. Pure.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"

namespace daruma::http {

namespace detail {
constexpr std::array<bool, 256> make_tchar_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 0x20] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = true;
  return table;
}
inline constexpr std::array<bool, 256> tchar_table = make_tchar_table();
inline constexpr uint64_t every_byte = 0x0101010101010101;

// High bits of bytes below `limit` (<= 0x80) and of bytes that are DEL. Bits above the lowest one
// may be wrong, the lowest never is.
constexpr uint64_t bytes_below_or_del(uint64_t word, uint8_t limit) {
  const uint64_t below = (word - every_byte * limit) & ~word;
  const uint64_t del = word ^ (every_byte * 0x7f);
  return (below | ((del - every_byte) & ~del)) & (every_byte * 0x80);
}
}  // namespace detail

constexpr bool is_tchar(char c) {
  return detail::tchar_table[static_cast<uint8_t>(c)];
}
constexpr bool is_control(char c) {  // CTL: HTAB and DEL too
  return static_cast<uint8_t>(c) < 0x20 || c == 0x7f;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// 0 to 15, or -1 for what is no hexadecimal digit.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
// Bytes that some reader takes for the end of a line or of a string.
constexpr bool is_line_breaking(char c) {
  return c == '\r' || c == '\n' || c == '\0';
}

inline bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!is_tchar(c)) return false;
  }
  return !text.empty();
}

// The first byte in [from, end) that is below `limit` or DEL, or `end`.
template <uint8_t limit>
inline const char* find_below(const char* from, const char* end) {
  for (; end - from >= 8; from += 8) {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    const uint64_t found = detail::bytes_below_or_del(word, limit);
    if (found == 0) continue;
    if constexpr (std::endian::native == std::endian::little) {
      return from + (std::countr_zero(found) >> 3);
    } else {
      break;
    }
  }
  while (from != end && static_cast<uint8_t>(*from) >= limit && *from != 0x7f) ++from;
  return from;
}
inline const char* find_control(const char* from, const char* end) {
  return find_below<0x20>(from, end);
}
inline const char* find_control_or_space(const char* from, const char* end) {
  return find_below<0x21>(from, end);
}

}  // namespace daruma::http
