// SPDX-License-Identifier: Apache-2.0
#include "http/percent_encoding.h"

#include "base/bytes.h"
#include "http/characters.h"

namespace daruma::http {

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      for (const char digit : percent_encoded(c)) encoded += digit;
    }
  }
  return encoded;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t at = 0; at < text.size(); ++at) {
    const auto byte =
        text[at] == '%' && text.size() - at > 2 ? parse_hex(text.substr(at + 1, 2)) : std::nullopt;
    decoded += byte ? static_cast<char>(*byte) : text[at];
    if (byte) at += 2;
  }
  return decoded;
}

}  // namespace daruma::http
