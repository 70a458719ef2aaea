// SPDX-License-Identifier: Apache-2.0
//
// Helpers for ASCII text on the wire. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daruma {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool ascii_iequals(std::string_view a, std::string_view b);
std::string ascii_lowered(std::string_view text);

// Decimal digits only: no sign, no space, no overflow. Nullopt otherwise, and for "".
std::optional<uint64_t> parse_decimal(std::string_view text);
// Hexadecimal digits only, up to 16 of them.
std::optional<uint64_t> parse_hex(std::string_view text);

// Without leading and trailing spaces and tabs (RFC 9110 OWS).
std::string_view trim_ows(std::string_view text);

// Calls f(element) for each non-empty, trimmed element of a comma-separated list (RFC 9110 5.6.1).
template <class F>
void for_each_list_element(std::string_view list, F f) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view element = trim_ows(list.substr(0, comma));
    if (!element.empty()) f(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace daruma
