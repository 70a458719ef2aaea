// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.x heads from bytes (RFC 9112): incremental, strict, repairs nothing. Pure.
// Bytes are scanned once, however they arrive: the parser remembers how far it has looked for the
// end of the head and reads the fields when that end is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace daruma::http {

enum class ParseStatus : uint8_t {
  need_more,
  complete,
  malformed,           // not HTTP at all: nothing a finding could describe
  line_too_long,       // request line over the limit: 414
  field_too_long,      // one field line over the limit: 400
  head_too_large,      // the whole head over the limit: 400
  too_many_fields,     // 400
  version_unsupported  // "PRI * HTTP/2.0" and the like: 505
};

struct HeadLimits {
  size_t line_bytes_max = 16 * 1024;
  size_t field_bytes_max = 16 * 1024;
  size_t head_bytes_max = 64 * 1024;
  size_t fields_max = 256;
};

class H1RequestParser {
 public:
  explicit H1RequestParser(const HeadLimits& limits = {}) : limits_(limits) {}

  // `input` begins with the first byte of the request and holds what has arrived so far; on later
  // calls it may have moved in memory but not changed. On `complete` fills `head` (views into
  // input) and head.wire_bytes is the head's length; the body follows it. Empty lines before the
  // request line are skipped and counted in wire_bytes.
  ParseStatus parse(std::string_view input, RequestHead& head);
  // Ready for the next message.
  void reset() { scanned_ = 0; }

 private:
  HeadLimits limits_;
  size_t scanned_ = 0;
};

class H1ResponseParser {
 public:
  explicit H1ResponseParser(const HeadLimits& limits = {.head_bytes_max = 32 * 1024})
      : limits_(limits) {}

  // As above. `request_method` decides the framing (HEAD has no body). 1xx heads are returned like
  // others.
  ParseStatus parse(std::string_view input, Method request_method, ResponseHead& head);
  void reset() { scanned_ = 0; }

 private:
  HeadLimits limits_;
  size_t scanned_ = 0;
};

}  // namespace daruma::http
