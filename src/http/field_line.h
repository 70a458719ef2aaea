// SPDX-License-Identifier: Apache-2.0
//
// The short way through a field line: "Name: value" CRLF in canonical form, as nearly all are.
// Pure. Part of h1_parser.
#pragma once

#include <string_view>

#include "http/characters.h"

namespace daruma::http {

struct FieldLine {
  std::string_view name;   // a token
  std::string_view value;  // trimmed, without control characters
};

// Reads the line at `at` and moves `at` behind it; false, and `at` where it was, if the line
// departs from that form in any respect or does not end before `end`.
// Into the loop over a head's lines: what its searches compare with stays in registers there.
[[gnu::always_inline]] inline bool read_clean_line(const char*& at, const char* end,
                                                   FieldLine& line) {
  const char* const colon = find_token_end(at, end);
  if (colon == end || *colon != ':' || colon == at) return false;
  const char* value = colon + 1;
  while (value != end && *value == ' ') ++value;
  const char* stop = find_control(value, end);
  if (end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return false;
  line.name = {at, static_cast<size_t>(colon - at)};
  at = stop + 2;
  while (stop != value && stop[-1] == ' ') --stop;
  line.value = {value, static_cast<size_t>(stop - value)};
  return true;
}

inline bool begins_with_crlf(const char* at, const char* end) {
  return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

}  // namespace daruma::http
