// SPDX-License-Identifier: Apache-2.0
//
// Appends text and numbers to a string with as few instructions as it can: an access-log line is
// written for every request. The string is room while this lives and exactly the text afterwards.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace daruma::proxy {

class LineText {
 public:
  // Replaces what `text` held.
  explicit LineText(std::string& text) : text_(text) {
    text_.resize(text_.capacity());
    at_ = text_.data();
  }
  ~LineText() { text_.resize(size()); }
  LineText(const LineText&) = delete;
  LineText& operator=(const LineText&) = delete;

  void put(char c) {
    reserve(1);
    *at_++ = c;
  }
  void put(std::string_view part) {
    if (part.empty()) return;  // may have no address
    reserve(part.size());
    std::memcpy(at_, part.data(), part.size());
    at_ += part.size();
  }
  void put(uint64_t number) {
    reserve(20);
    at_ = std::to_chars(at_, at_ + 20, number).ptr;
  }
  // With leading zeros. REQUIRES: number has at most `digits` digits, digits <= 20.
  void put_padded(uint64_t number, int digits) {
    reserve(static_cast<size_t>(digits));
    for (int i = digits - 1; i >= 0; --i) {
      at_[i] = static_cast<char>('0' + number % 10);
      number /= 10;
    }
    at_ += digits;
  }
  void put_hex(uint64_t number, int digits) {
    reserve(static_cast<size_t>(digits));
    for (int i = digits - 1; i >= 0; --i) {
      at_[i] = "0123456789abcdef"[number & 0xf];
      number >>= 4;
    }
    at_ += digits;
  }

 private:
  size_t size() const { return static_cast<size_t>(at_ - text_.data()); }
  void reserve(size_t bytes) {
    if (static_cast<size_t>(text_.data() + text_.size() - at_) < bytes) grow(bytes);
  }
  void grow(size_t bytes) {
    const size_t used = size();
    text_.resize(2 * text_.size() + bytes);
    at_ = text_.data() + used;
  }

  std::string& text_;
  char* at_;
};

}  // namespace daruma::proxy
