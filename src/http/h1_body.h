// SPDX-License-Identifier: Apache-2.0
//
// Where an HTTP/1.x body begins and ends (RFC 9112 6 and 7). Takes wire bytes, yields payload
// without copying. Strict: lines end with CRLF, a chunk size is hexadecimal digits and nothing
// else, a trailer field is one that a head could hold. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace daruma::http {

enum class BodyStatus : uint8_t {
  more,       // give more input
  finished,   // the message ends right after the consumed bytes
  malformed,  // a bad chunk size or line, or trailers over the limit
};

class H1BodyReader {
 public:
  // Of one chunk-size line, and of all chunk extensions of a message together.
  static constexpr size_t chunk_line_bytes_max = 1024;
  static constexpr size_t extension_bytes_max = 16 * 1024;
  static constexpr size_t trailer_bytes_max = 8 * 1024;

  H1BodyReader() = default;  // Framing::none: finished at once
  void begin(Framing framing, uint64_t content_length);

  struct Piece {
    std::string_view payload;  // into `input`; may be empty
    size_t consumed = 0;       // wire bytes that the caller drops once it is done with the payload
    BodyStatus status = BodyStatus::more;
  };
  // One step: at most one run of payload, with the chunk framing before it and the line end after
  // it. Call again with the rest until consumed == 0 and status is `more`.
  Piece next(std::string_view input);

  bool finished() const { return state_ == State::finished; }
  Framing framing() const { return framing_; }
  // Wire bytes of payload known to be outstanding in the current length or chunk; for choosing a
  // read size.
  uint64_t remaining() const { return remaining_; }
  // The peer closed. True if that is the legal end (until_close, or already finished).
  bool finish_at_close();
  // The trailer section as it may be passed on: "Name: value\r\n…", without fields that frame,
  // route, authenticate, modify the request or govern the connection (RFC 9110 6.5.1); empty if
  // there was none. Valid once finished.
  std::string_view trailers() const { return trailers_; }

 private:
  enum class State : uint8_t {
    length,
    chunk_size_first,  // at least one digit
    chunk_size,
    chunk_size_space,  // "5 ;ext": a ';' has to follow
    chunk_extension,
    chunk_size_end,  // LF
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    trailer_line,
    trailer_line_end,  // LF
    until_close,
    finished,
    malformed
  };
  std::string_view take_payload(std::string_view input);
  void take_chunk_line_byte(char c);
  void take_size_byte(char c);
  void take_extension_byte(char c);
  void end_chunk_line();
  void take_trailer_byte(char c);
  void end_trailer_line();

  State state_ = State::finished;
  Framing framing_ = Framing::none;
  uint16_t line_bytes_ = 0;       // of the current chunk-size line
  uint16_t extension_bytes_ = 0;  // of all of them
  uint16_t trailer_bytes_ = 0;    // as received
  uint16_t trailer_line_begin_ = 0;
  uint64_t remaining_ = 0;
  std::string trailers_;  // accepted lines, then the one being received
};

}  // namespace daruma::http
