// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "http/forwarding_headers.h"

namespace daruma::http {
namespace {

constexpr size_t trace_id_bytes_max = 7 * 1024;

void append_hex(uint64_t value, int digits, std::string& text) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    text += "0123456789abcdef"[value >> shift & 0xf];
  }
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
  text = "1-";
  append_hex(epoch_seconds, 8, text);
  text += '-';
  append_hex(random_high, 8, text);
  append_hex(random_low, 16, text);
}

void combine_trace_id(const Field* received, std::string_view fresh, std::string& combined) {
  combined = "Root=";
  if (received) {
    for_each_member(received->value, [&combined](std::string_view member) {
      if (member.starts_with("Root=")) combined = "Self=";
    });
  }
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
