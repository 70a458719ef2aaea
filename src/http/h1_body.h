// SPDX-License-Identifier: Apache-2.0
//
// Where an HTTP/1.x body begins and ends (RFC 9112 6 and 7). Takes wire bytes, yields payload
// without copying. Pure.
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
  H1BodyReader() = default;  // Framing::none: finished at once
  void begin(Framing framing, uint64_t content_length);

  struct Piece {
    std::string_view payload;  // into `input`; may be empty
    size_t consumed = 0;       // wire bytes that the caller drops once it is done with the payload
    BodyStatus status = BodyStatus::more;
  };
  // One step: at most one run of payload. Call again with the rest until consumed == 0 and status
  // is `more`.
  Piece next(std::string_view input);

  bool finished() const { return state_ == State::finished; }
  Framing framing() const { return framing_; }
  // Wire bytes of payload known to be outstanding in the current length or chunk; for choosing a
  // read size.
  uint64_t remaining() const { return remaining_; }
  // The peer closed. True if that is the legal end (until_close, or already finished).
  bool finish_at_close();
  // The trailer section as it came: "Name: value\r\n…", empty if there was none. Valid once
  // finished.
  std::string_view trailers() const { return trailers_; }

 private:
  enum class State : uint8_t {
    length,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    until_close,
    finished,
    malformed
  };
  Piece in_chunk_size(std::string_view input);
  Piece in_trailers(std::string_view input);

  State state_ = State::finished;
  Framing framing_ = Framing::none;
  uint64_t remaining_ = 0;
  std::string trailers_;
};

}  // namespace daruma::http
