// SPDX-License-Identifier: Apache-2.0
#include "http/trace_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "base/check.h"

namespace daruma::http {
namespace {

constexpr size_t bytes_of_version_0 = 2 + 1 + 32 + 1 + 16 + 1 + 2;

// Lower case only.
bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

// A version that is newer may have more behind what version 0 has.
bool is_well_formed(std::string_view text) {
  if (text.size() < bytes_of_version_0) return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  const bool separated = text[2] == '-' && text[35] == '-' && text[52] == '-';
  const bool hex = is_hex(version) && is_hex(trace) && is_hex(parent) && is_hex(text.substr(53, 2));
  if (!separated || !hex || version == "ff" || is_zero(trace) || is_zero(parent)) return false;
  if (text.size() == bytes_of_version_0) return true;
  return version != "00" && text[bytes_of_version_0] == '-';
}

}  // namespace

std::string_view trace_of(const Fields& request) {
  const Field* found = nullptr;
  for (const Field& field : request) {
    if (field.id != FieldId::other || !ascii_iequals(field.name, traceparent_field)) continue;
    if (found != nullptr) return "";
    found = &field;
  }
  return found != nullptr && is_well_formed(found->value) ? found->value : std::string_view();
}

void begin_trace(std::string_view root, uint64_t parent, bool sampled, std::string& text) {
  DARUMA_ASSERT(root.size() == 35 && parent != 0);
  text.assign("00-");
  text.append(root.substr(2, 8)).append(root.substr(11));
  fmt::format_to(std::back_inserter(text), "-{:016x}-0{}", parent, sampled ? 1 : 0);
}

}  // namespace daruma::http
