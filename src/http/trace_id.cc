// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include "base/bytes.h"
#include "http/forwarding_headers.h"

namespace daruma::http {
namespace {

constexpr size_t trace_id_bytes_max = 7 * 1024;

constexpr std::array<char, 512> make_byte_digits() {
  std::array<char, 512> digits{};
  for (size_t byte = 0; byte < 256; ++byte) {
    digits[2 * byte] = "0123456789abcdef"[byte >> 4];
    digits[2 * byte + 1] = "0123456789abcdef"[byte & 0xf];
  }
  return digits;
}
constexpr std::array<char, 512> byte_digits = make_byte_digits();

// Hexadecimal digits of the lowest `bytes` bytes of `value`; returns where they end.
char* write_hex(uint64_t value, int bytes, char* at) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8, at += 2) {
    std::memcpy(at, byte_digits.data() + 2 * (value >> shift & 0xff), 2);
  }
  return at;
}

template <class F>
void for_each_member(std::string_view trace_id, F f) {
  for (;;) {
    const size_t semicolon = trace_id.find(';');
    const std::string_view member = trim_ows(trace_id.substr(0, semicolon));
    if (!member.empty()) f(member);
    if (semicolon == std::string_view::npos) return;
    trace_id.remove_prefix(semicolon + 1);
  }
}

}  // namespace

void make_trace_root(uint32_t epoch_seconds, uint64_t random_high, uint64_t random_low,
                     std::string& text) {
  char root[35];  // "1-", 8 digits, "-", 24 digits
  char* at = root;
  *at++ = '1';
  *at++ = '-';
  at = write_hex(epoch_seconds, 4, at);
  *at++ = '-';
  at = write_hex(random_high, 4, at);
  at = write_hex(random_low, 8, at);
  text.assign(root, at);
}

void combine_trace_id(const Field* received, std::string_view fresh, std::string& combined) {
  bool has_root = false;
  if (received) {
    for_each_member(received->value, [&has_root](std::string_view member) {
      has_root |= member.starts_with("Root=");
    });
  }
  combined = has_root ? "Self=" : "Root=";
  combined += fresh;
  if (!received) return;
  for_each_member(received->value, [&combined](std::string_view member) {
    if (member.starts_with("Self=")) return;
    combined += ';';
    combined += member;
  });
  if (combined.size() <= trace_id_bytes_max) return;
  combined = "Root=";
  combined += fresh;
}

}  // namespace daruma::http
