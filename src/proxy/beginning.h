// SPDX-License-Identifier: Apache-2.0
//
// The beginning of a text, in place: for what is kept of every request without allocating. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace daruma::proxy {

template <size_t bytes_max>
class Beginning {
 public:
  Beginning& operator=(std::string_view text) {
    static_assert(bytes_max <= UINT8_MAX);
    size_ = static_cast<uint8_t>(std::min(text.size(), bytes_max));
    if (size_ > 0) std::memcpy(bytes_, text.data(), size_);
    return *this;
  }
  std::string_view view() const { return {bytes_, size_}; }

 private:
  uint8_t size_ = 0;
  char bytes_[bytes_max];
};

// How a target is called in stories.
struct TargetName {
  Beginning<32> group;
  Beginning<48> target;
};

}  // namespace daruma::proxy
