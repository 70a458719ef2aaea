// SPDX-License-Identifier: Apache-2.0
//
// Writes a head into memory whose size was reckoned beforehand: one prepare() per head instead of
// one per field. Pure. Part of forwarding_headers.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/text_writer.h"
#include "http/message.h"

namespace daruma::http {

class HeadText : public TextWriter {
 public:
  // REQUIRES: bytes_max fits into `out`, and no more than that is written.
  HeadText(Buffer& out, size_t bytes_max) : TextWriter(out.prepare(bytes_max)), out_(out) {}
  ~HeadText() { out_.commit(size()); }

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
