// SPDX-License-Identifier: Apache-2.0
//
// What the fuzz programs of HTTP/2 know of the frames in their input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace daruma::fuzz {

// Who says GOAWAY without a stream open is done: what nghttp2 makes of the bytes behind
// it depends on whether they come along. `bytes` may begin with a client's preface.
inline bool says_goaway(std::string_view bytes) {
  constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  std::string_view frames = bytes.starts_with(preface) ? bytes.substr(preface.size()) : bytes;
  while (frames.size() >= 9) {
    if (frames[3] == 7) return true;
    size_t length = 0;
    for (const char c : frames.substr(0, 3)) length = length << 8 | static_cast<uint8_t>(c);
    frames.remove_prefix(std::min(frames.size(), 9 + length));
  }
  return false;
}

}  // namespace daruma::fuzz
