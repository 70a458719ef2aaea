// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace daruma {
namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t no_digit = 64;

constexpr std::array<uint8_t, 256> make_values() {
  std::array<uint8_t, 256> values{};
  for (uint8_t& value : values) value = no_digit;
  for (uint8_t i = 0; i < 64; ++i) values[static_cast<uint8_t>(digits[i])] = i;
  return values;
}
constexpr std::array<uint8_t, 256> values = make_values();

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text;
  append_base64url(bytes, text);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

Result<std::string> base64_decoded(std::string_view text) {
  std::string dense;
  for (const char c : text) {
    if (c != '\n' && c != '\r') dense += c;
  }
  if (dense.empty() || dense.size() % 4 != 0) return fail("not base64");
  if (dense.find_first_of("-_") != std::string::npos) return fail("not base64");
  for (int padding = 0; padding < 2 && dense.back() == '='; ++padding) dense.pop_back();
  std::ranges::replace(dense, '+', '-');
  std::ranges::replace(dense, '/', '_');
  std::string bytes;
  if (!append_from_base64url(dense, bytes)) return fail("not base64");
  return bytes;
}

void append_base64url(std::string_view bytes, std::string& text) {
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(digits[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) text.push_back(digits[(bits << (6 - count)) & 63]);
}

bool append_from_base64url(std::string_view text, std::string& bytes) {
  const size_t before = bytes.size();
  uint32_t bits = 0;
  int count = 0;
  bool good = text.size() % 4 != 1;
  for (const char c : text) {
    const uint8_t value = values[static_cast<uint8_t>(c)];
    good = good && value != no_digit;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count));
  }
  good = good && (bits & ((1u << count) - 1)) == 0;  // left over, and not zero
  if (!good) bytes.resize(before);
  return good;
}

}  // namespace daruma
