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

void write_byte(uint32_t byte, char* at) {
  std::memcpy(at, byte_digits.data() + 2 * byte, 2);
}

// Eight hexadecimal digits; returns where they end.
char* write_hex(uint32_t value, char* at) {
  write_byte(value >> 24, at);
  write_byte(value >> 16 & 0xff, at + 2);
  write_byte(value >> 8 & 0xff, at + 4);
  write_byte(value & 0xff, at + 6);
  return at + 8;
}

// All of it in one assignment, since that is mostly all there is to write.
void begin_with(const char (&label)[6], const TraceRoot& root, std::string& text) {
  constexpr size_t label_bytes = sizeof label - 1;
  std::array<char, label_bytes + std::tuple_size_v<TraceRoot>> member;
  std::memcpy(member.data(), label, label_bytes);
  std::memcpy(member.data() + label_bytes, root.data(), root.size());
  text.assign(member.data(), member.size());
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

TraceRoot make_trace_root(uint32_t epoch_seconds, uint64_t random_high, uint64_t random_low) {
  TraceRoot root;
  char* at = root.data();
  *at++ = '1';
  *at++ = '-';
  at = write_hex(epoch_seconds, at);
  *at++ = '-';
  at = write_hex(static_cast<uint32_t>(random_high), at);
  at = write_hex(static_cast<uint32_t>(random_low >> 32), at);
  write_hex(static_cast<uint32_t>(random_low), at);
  return root;
}

void combine_trace_id(const Field* received, const TraceRoot& fresh, std::string& combined) {
  bool has_root = false;
  if (received) {
    for_each_member(received->value, [&has_root](std::string_view member) {
      has_root |= member.starts_with("Root=");
    });
  }
  begin_with(has_root ? "Self=" : "Root=", fresh, combined);
  if (!received) return;
  for_each_member(received->value, [&combined](std::string_view member) {
    if (member.starts_with("Self=")) return;
    combined += ';';
    combined += member;
  });
  if (combined.size() <= trace_id_bytes_max) return;
  begin_with("Root=", fresh, combined);
}

}  // namespace daruma::http
