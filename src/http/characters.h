// SPDX-License-Identifier: Apache-2.0
//
// Classes of bytes in HTTP/1.1 (RFC 9110 5.5 and 5.6.2), and the fast searches that the parser is
// made of: 16 bytes at a step where SSE2 is there (all of x86-64), one at a time elsewhere and in
// what is left over. Pure.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstdint>
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
constexpr bool is_alpha(char c) {
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'z';
}
constexpr bool is_alphanumeric(char c) {
  return is_alpha(c) || is_digit(c);
}
// 0 to 15, or -1 for what is no hexadecimal digit.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
// RFC 3986 2.3.
constexpr bool is_unreserved(char c) {
  return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
// As in a URI (RFC 3986 2.1): "%2F".
constexpr std::array<char, 3> percent_encoded(char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  return {'%', digits[static_cast<uint8_t>(c) >> 4], digits[static_cast<uint8_t>(c) & 0xf]};
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

namespace detail {
#ifdef __SSE2__
using Block = __m128i;
inline constexpr ptrdiff_t block_bytes = 16;
inline Block every(char c) {
  return _mm_set1_epi8(c);
}
inline Block in_range(Block block, char first, char last) {
  const Block distance = _mm_sub_epi8(block, every(first));
  return _mm_cmpeq_epi8(_mm_min_epu8(distance, every(static_cast<char>(last - first))), distance);
}
inline Block is_below_or_del(Block block, uint8_t limit) {
  const Block below =
      _mm_cmpeq_epi8(_mm_min_epu8(block, every(static_cast<char>(limit - 1))), block);
  return _mm_or_si128(below, _mm_cmpeq_epi8(block, every(0x7f)));
}
inline Block is_alphanumeric_or_dash(Block block) {
  const Block letters = in_range(_mm_or_si128(block, every(0x20)), 'a', 'z');
  const Block digits = in_range(block, '0', '9');
  return _mm_or_si128(_mm_or_si128(letters, digits), _mm_cmpeq_epi8(block, every('-')));
}
// The first byte whose place `select` marks, or where less than a block is left.
template <class Select>
inline const char* skip_blocks(const char* from, const char* end, bool& found, Select select) {
  for (; end - from >= block_bytes; from += block_bytes) {
    const Block block = _mm_loadu_si128(reinterpret_cast<const Block*>(from));
    const unsigned marks = static_cast<unsigned>(_mm_movemask_epi8(select(block)));
    if (marks == 0) continue;
    found = true;
    return from + std::countr_zero(marks);
  }
  return from;
}
#endif
}  // namespace detail

// The first byte in [from, end) that is below `limit` or DEL, or `end`.
template <uint8_t limit>
inline const char* find_below(const char* from, const char* end) {
#ifdef __SSE2__
  bool found = false;
  from = detail::skip_blocks(
      from, end, found, [](detail::Block block) { return detail::is_below_or_del(block, limit); });
  if (found) return from;
#endif
  while (from != end && static_cast<uint8_t>(*from) >= limit && *from != 0x7f) ++from;
  return from;
}
inline const char* find_control(const char* from, const char* end) {
  return find_below<0x20>(from, end);
}
inline const char* find_control_or_space(const char* from, const char* end) {
  return find_below<0x21>(from, end);
}

inline const char* find_line_feed(const char* from, const char* end) {
#ifdef __SSE2__
  bool found = false;
  from = detail::skip_blocks(from, end, found, [](detail::Block block) {
    return _mm_cmpeq_epi8(block, detail::every('\n'));
  });
  if (found) return from;
#endif
  while (from != end && *from != '\n') ++from;
  return from;
}

// The first byte in [from, end) that is no tchar, or `end`.
inline const char* find_token_end(const char* from, const char* end) {
#ifdef __SSE2__
  bool found = false;  // most names are letters, digits and dashes; the table knows the rest
  from = detail::skip_blocks(from, end, found, [](detail::Block block) {
    return _mm_xor_si128(detail::is_alphanumeric_or_dash(block), detail::every('\xff'));
  });
  if (found && *from == ':') return from;
#endif
  while (from != end && is_tchar(*from)) ++from;
  return from;
}

}  // namespace daruma::http
