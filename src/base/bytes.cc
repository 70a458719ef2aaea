// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <algorithm>
#include <charconv>

namespace daruma {
namespace {

template <int base>
std::optional<uint64_t> parse_digits(std::string_view text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  // from_chars alone would take a leading '-'.
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

bool ascii_iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return ascii_lower(x) == ascii_lower(y);
         });
}

std::string ascii_lowered(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), ascii_lower);
  return lowered;
}

std::optional<uint64_t> parse_decimal(std::string_view text) {
  return parse_digits<10>(text);
}

std::optional<uint64_t> parse_hex(std::string_view text) {
  return parse_digits<16>(text);
}

std::string_view trim_ows(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace daruma
