// SPDX-License-Identifier: Apache-2.0
//
// Internal to http/h2_*. Texts as nghttp2 wants them, and back.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string_view>

namespace daruma::http {

inline const uint8_t* library_bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

inline std::string_view library_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The library copies both, and writes to neither.
inline nghttp2_nv library_field(std::string_view name, std::string_view value) {
  return {const_cast<uint8_t*>(library_bytes(name)), const_cast<uint8_t*>(library_bytes(value)),
          name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace daruma::http
