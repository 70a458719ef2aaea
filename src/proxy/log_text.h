// SPDX-License-Identifier: Apache-2.0
//
// What may stand in a log line as it is; everything else is written \xHH (AWS). Pure.
#pragma once

#include <array>
#include <cstdint>

namespace daruma::proxy {

inline constexpr std::array<bool, 256> plain_in_log = [] {
  std::array<bool, 256> plain{};
  for (uint8_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();
constexpr bool is_plain_in_log(char c) {
  return plain_in_log[static_cast<uint8_t>(c)];
}

}  // namespace daruma::proxy
