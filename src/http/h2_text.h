// SPDX-License-Identifier: Apache-2.0
//
// A message of HTTP/2 as HTTP/1.1 writes it, and the other way round (ADR 7), for either end of a
// connection. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "http/h1_body.h"
#include "http/h2_endpoint.h"
#include "http/message.h"

namespace daruma::http {

// What came in frames, to be read as HTTP/1.1: heads as they are put, then the body by length or in
// chunks. Holds what was not read; the windows bound it.
class H2TextReader {
 public:
  explicit H2TextReader(SlabPool& slabs) : body_(slabs) {}

  // Comes before all of the body.
  void put_head(std::string_view text) { head_.append(text); }
  // How the body is framed; before the first of it.
  void set_framing(Framing framing) { framing_ = framing; }
  void add(std::string_view bytes) { body_.append(bytes); }
  // Trailers as H1BodyReader::trailers() gives them; of more than is allowed, as much as shows it.
  void end(std::string_view trailers);

  bool readable() const;
  size_t read(std::span<char> into);
  // Bytes of the body that were read since they were taken account of here, but for the last
  // `held`, which have not gone on yet: the peer may send as much again.
  size_t take_consumed(size_t held = 0);
  bool has_consumed() const { return consumed_ > 0; }
  bool ended() const { return ended_; }
  // Of the body, what was not read.
  size_t body_bytes() const { return body_.size(); }
  // Drops what was not read, and tells how much of the body that was, with what was not yet told.
  size_t drop();

 private:
  size_t read_head(std::span<char> into);
  size_t read_plain(std::span<char> into);
  size_t read_chunk(std::span<char> into);

  std::string head_;
  size_t head_read_ = 0;
  Buffer body_;
  std::string trailers_;
  size_t consumed_ = 0;
  Framing framing_ = Framing::none;
  bool ended_ = false;     // by the peer
  bool end_read_ = false;  // and the end of the chunks by who reads
};

// A body of HTTP/1.1 on its way into frames.
class H2TextWriter {
 public:
  void begin(Framing framing, uint64_t content_length) { body_.begin(framing, content_length); }
  bool finished() const { return body_.finished(); }

  enum class Status : uint8_t { done, full, malformed };
  // `taken` grows by the bytes that found room, or were framing. `done`: all of them, or all that
  // the body had. The stream is finished with the body.
  Status write(H2Endpoint& endpoint, H2Stream& stream, std::string_view bytes, size_t& taken);

 private:
  H1BodyReader body_;
};

}  // namespace daruma::http
