// SPDX-License-Identifier: Apache-2.0
#include "http/head_scanner.h"

#include "http/characters.h"

namespace daruma::http {

ParseStatus HeadScanner::scan(std::string_view input, const HeadLimits& limits) {
  // Offsets are 32 bits wide; nothing past the limit needs a look.
  input = input.substr(0, limits.head_bytes_max + 1);
  const char* const end = input.data() + input.size();
  const char* line = input.data() + line_begin_;
  const char* at = input.data() + scanned_;
  const auto remember = [this, &input, &line, &at] {
    line_begin_ = static_cast<uint32_t>(line - input.data());
    scanned_ = static_cast<uint32_t>(at - input.data());
  };
  for (;;) {
    if (at == line) {
      const LineStart start = look_at_line_start(line, end);
      if (start == LineStart::empty) {
        fields_end_ = static_cast<uint32_t>(line - input.data());
        line = at = line + (*line == '\r' ? 2 : 1);
        remember();
        if (line_begin_ > limits.head_bytes_max) return ParseStatus::head_too_large;
        if (lines_ > 0) return ParseStatus::complete;
        begin_ = line_begin_;
        continue;
      }
      if (start == LineStart::unknown) break;
    }
    at = find_line_feed(at, end);
    if (at == end) break;
    const size_t line_bytes = at - line - (at[-1] == '\r' ? 1 : 0);
    if (lines_ == 0 && line_bytes > limits.line_bytes_max) return ParseStatus::line_too_long;
    if (lines_ > 0 && line_bytes > limits.field_bytes_max) return ParseStatus::field_too_long;
    if (lines_ > limits.fields_max) return ParseStatus::too_many_fields;
    ++lines_;
    line = ++at;
  }
  remember();
  return unfinished(input, limits);
}

HeadScanner::LineStart HeadScanner::look_at_line_start(const char* line, const char* end) {
  if (line == end) return LineStart::unknown;
  if (*line == '\n') return LineStart::empty;
  if (*line != '\r') return LineStart::other;
  if (line + 1 == end) return LineStart::unknown;
  return line[1] == '\n' ? LineStart::empty : LineStart::other;
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
