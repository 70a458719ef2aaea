// SPDX-License-Identifier: Apache-2.0
//
// Finds the end of an HTTP/1.x head, resuming where it stopped, so that each byte is looked at once
// however the bytes arrive; keeps the limits while looking. Pure. Part of h1_parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

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

// Lines are measured without their line end; the head with everything.
struct HeadLimits {
  size_t line_bytes_max = 16 * 1024;
  size_t field_bytes_max = 16 * 1024;
  size_t head_bytes_max = 64 * 1024;
  size_t fields_max = 256;
};

// True if a head of that size and number of fields is so small that no limit can be exceeded.
inline bool clearly_within(const HeadLimits& limits, size_t head_bytes, size_t fields) {
  return head_bytes <= limits.line_bytes_max && head_bytes <= limits.field_bytes_max &&
         head_bytes <= limits.head_bytes_max && fields <= limits.fields_max;
}

class HeadScanner {
 public:
  // complete: [begin(), end()) holds the head from its first line to its empty line; a line ends
  // with LF, and the CR before it is not required. Other results are need_more and the limits.
  ParseStatus scan(std::string_view input, const HeadLimits& limits);
  size_t begin() const { return begin_; }  // after the empty lines before the first line
  size_t end() const { return line_begin_; }
  // Where the empty line begins that ends the head.
  size_t fields_end() const { return fields_end_; }
  void reset() { *this = {}; }
  // No byte was looked at since reset().
  bool fresh() const { return scanned_ == 0; }

 private:
  enum class LineStart : uint8_t { empty, other, unknown };
  static LineStart look_at_line_start(const char* line, const char* end);
  ParseStatus unfinished(std::string_view input, const HeadLimits& limits) const;

  // Bytes before scanned_ are known; those from line_begin_ on hold no LF.
  uint32_t scanned_ = 0;
  uint32_t line_begin_ = 0;
  uint32_t begin_ = 0;
  uint32_t fields_end_ = 0;
  uint32_t lines_ = 0;
};

}  // namespace daruma::http
