// SPDX-License-Identifier: Apache-2.0
#include "http/head_scanner.h"

#include <cstring>

namespace daruma::http {

ParseStatus HeadScanner::scan(std::string_view input, const HeadLimits& limits) {
  // Offsets are 32 bits wide; nothing past the limit needs a look.
  input = input.substr(0, limits.head_bytes_max + 1);
  for (;;) {
    if (scanned_ == line_begin_) {
      const LineStart start = look_at_line_start(input);
      if (start == LineStart::unknown) return unfinished(input, limits);
      if (start == LineStart::empty_line) {
        fields_end_ = line_begin_;
        line_begin_ += input[line_begin_] == '\r' ? 2 : 1;
        scanned_ = line_begin_;
        if (line_begin_ > limits.head_bytes_max) return ParseStatus::head_too_large;
        if (lines_ > 0) return ParseStatus::complete;
        begin_ = line_begin_;
        continue;
      }
    }
    const char* rest = input.data() + scanned_;
    const void* found = std::memchr(rest, '\n', input.size() - scanned_);
    if (!found) {
      scanned_ = input.size();
      return unfinished(input, limits);
    }
    const size_t line_feed = static_cast<const char*>(found) - input.data();
    const size_t line_end = input[line_feed - 1] == '\r' ? line_feed - 1 : line_feed;
    const size_t line_bytes = line_end - line_begin_;
    if (lines_ == 0 && line_bytes > limits.line_bytes_max) return ParseStatus::line_too_long;
    if (lines_ > 0 && line_bytes > limits.field_bytes_max) return ParseStatus::field_too_long;
    if (lines_ > limits.fields_max) return ParseStatus::too_many_fields;
    ++lines_;
    line_begin_ = scanned_ = line_feed + 1;
  }
}

HeadScanner::LineStart HeadScanner::look_at_line_start(std::string_view input) const {
  const size_t left = input.size() - line_begin_;
  if (left == 0) return LineStart::unknown;
  const char first = input[line_begin_];
  if (first == '\n') return LineStart::empty_line;
  if (first != '\r') return LineStart::other;
  if (left == 1) return LineStart::unknown;
  return input[line_begin_ + 1] == '\n' ? LineStart::empty_line : LineStart::other;
}

ParseStatus HeadScanner::unfinished(std::string_view input, const HeadLimits& limits) const {
  const size_t line_max = lines_ == 0 ? limits.line_bytes_max : limits.field_bytes_max;
  const size_t line_bytes = input.size() - line_begin_;
  // One byte more may be the CR of the line's end.
  const bool too_long =
      line_bytes > line_max + 1 || (line_bytes == line_max + 1 && input.back() != '\r');
  if (too_long) return lines_ == 0 ? ParseStatus::line_too_long : ParseStatus::field_too_long;
  return input.size() >= limits.head_bytes_max ? ParseStatus::head_too_large
                                               : ParseStatus::need_more;
}

}  // namespace daruma::http
