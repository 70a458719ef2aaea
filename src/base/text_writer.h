// SPDX-License-Identifier: Apache-2.0
//
// Text and numbers into memory whose size was reckoned beforehand: one check at the end instead of
// one per piece. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/check.h"

namespace daruma {

class TextWriter {
 public:
  // REQUIRES: no more than room.size() bytes are put.
  explicit TextWriter(std::span<char> room)
      : begin_(room.data()), at_(begin_), end_(begin_ + room.size()) {}
  ~TextWriter() { DARUMA_ASSERT(at_ <= end_); }
  TextWriter(const TextWriter&) = delete;
  TextWriter& operator=(const TextWriter&) = delete;

  size_t size() const { return static_cast<size_t>(at_ - begin_); }

  void put(char c) { *at_++ = c; }
  void put(std::string_view text) {
    if (text.empty()) return;  // may have no address
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(uint64_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }
  // With leading zeros. REQUIRES: number has at most `digits` digits.
  void put_padded(uint32_t number, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
      at_[i] = static_cast<char>('0' + number % 10);
      number /= 10;
    }
    at_ += digits;
  }
  void put_hex(uint64_t number, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
      at_[i] = "0123456789abcdef"[number & 0xf];
      number >>= 4;
    }
    at_ += digits;
  }

 private:
  char* begin_;
  char* at_;
  char* end_;
};

}  // namespace daruma
