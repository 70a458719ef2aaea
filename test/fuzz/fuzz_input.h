// SPDX-License-Identifier: Apache-2.0
//
// What the fuzz programs share: an input whose first bytes choose settings, and a check that ends
// the program with the broken property's text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#define FUZZ_CHECK(property)                                                      \
  do {                                                                            \
    if (!(property)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #property); \
      std::abort();                                                               \
    }                                                                             \
  } while (false)

namespace daruma::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}

  // The next byte, or 0 when there are no more.
  uint8_t choice() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  // The next line, without its end.
  std::string line() {
    const std::string_view found = bytes_.substr(0, bytes_.find('\n'));
    bytes_.remove_prefix(std::min(found.size() + 1, bytes_.size()));
    return std::string(found);
  }
  // All that is left. A string, so that the sanitizer sees its end.
  std::string rest() const { return std::string(bytes_); }

 private:
  std::string_view bytes_;
};

}  // namespace daruma::fuzz
