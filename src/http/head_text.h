// SPDX-License-Identifier: Apache-2.0
//
// Writes a head into memory whose size was reckoned beforehand: one prepare() per head instead of
// one per field. Pure. Part of forwarding_headers.
#pragma once

#include <charconv>
#include <cstring>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/check.h"
#include "http/message.h"

namespace daruma::http {

class HeadText {
 public:
  // REQUIRES: bytes_max fits into `out`, and no more than that is written.
  HeadText(Buffer& out, size_t bytes_max) : out_(out), room_(out.prepare(bytes_max)) {
    at_ = room_.data();
  }
  ~HeadText() {
    DARUMA_ASSERT(at_ <= room_.data() + room_.size());
    out_.commit(static_cast<size_t>(at_ - room_.data()));
  }
  HeadText(const HeadText&) = delete;
  HeadText& operator=(const HeadText&) = delete;

  void put(std::string_view text) {
    if (text.empty()) return;  // may have no address
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(char c) { *at_++ = c; }
  void put(uint64_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }
  void line(std::string_view text) {
    put(text);
    put("\r\n");
  }
  void field(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    line(value);
  }
  void field(std::string_view name, uint64_t value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }

 private:
  Buffer& out_;
  std::span<char> room_;
  char* at_;
};

// Passes fields on as they were received. Neighbours that came as "Name: value" CRLF, one after the
// other in memory, leave in one copy.
class ReceivedFields {
 public:
  explicit ReceivedFields(HeadText& text) : text_(text) {}

  void put(const Field& field) {
    const char* const name = field.name.data();
    const char* const value = field.value.data();
    const bool canonical = value == name + field.name.size() + 2 && value[-1] == ' ';
    if (!canonical) {
      flush();
      text_.field(field.name, field.value);
      return;
    }
    // A value holds no line end, so what lies between two neighbours is the first one's.
    if (begin_ == nullptr || name != end_ + 2 || end_[0] != '\r' || end_[1] != '\n') {
      flush();
      begin_ = name;
    }
    end_ = value + field.value.size();
  }
  // After the last field.
  void flush() {
    if (begin_ != nullptr) text_.line({begin_, static_cast<size_t>(end_ - begin_)});
    begin_ = nullptr;
  }

 private:
  HeadText& text_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace daruma::http
