// SPDX-License-Identifier: Apache-2.0
//
// One direction of an exchange's body: from the source's input buffer to the sink's socket, with
// memory bounded by those buffers. When the sink takes no more, nothing is read from the source: a
// slow side pauses the fast side.
#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "http/forwarding_headers.h"
#include "http/h1_body.h"
#include "io/socket.h"

namespace daruma::proxy {

enum class RelayStatus : uint8_t {
  needs_input,  // everything so far is written; read more from the source
  blocked,      // the sink takes no more now; unblock() when it does
  finished,     // the whole body and everything pending before it is written
  malformed,    // the source broke its own framing
  sink_failed,
};

class BodyRelay {
 public:
  // `out` may differ from `in`: chunks to a client whose target sent until close, and the other way
  // round. What `trailers` points to outlives the body.
  void begin(http::Framing in, uint64_t content_length, http::Framing out,
             const http::TrailerRules& trailers = {});

  // Writes `pending` (a head, framing) and then what it can of the body at the front of `input`,
  // both in one system call where possible. `pending` may be full. As long as nothing is written,
  // another sink may take the failed one's place.
  RelayStatus pump(Buffer& input, Buffer& pending, io::Socket& sink);
  void unblock() { blocked_ = false; }
  bool blocked() const { return blocked_; }

  // The source closed. True if the body was complete then; pump() again to finish.
  bool source_closed() { return reader_.finish_at_close(); }
  // How much to read at once: large where much is known to come.
  size_t read_size() const;
  http::Framing out() const { return out_; }
  // Whether the network has taken some of what the sink keeps, since pump() found it blocked or
  // this was asked last. A sink that keeps much is writable again late, and not idle before.
  bool sink_moves(const io::Socket& sink);
  // Framing included, of both.
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  // As far as pending has room for the framing; what it has not waits for a write.
  void consume(Buffer& input, size_t bytes);
  bool take_in(Buffer& input, Buffer& pending);
  void end_run(Buffer& input, Buffer& pending, size_t line_end_bytes_written);
  bool write(Buffer& input, Buffer& pending, io::Socket& sink);

  http::H1BodyReader reader_;
  http::Framing out_ = http::Framing::none;
  http::TrailerRules trailers_;
  size_t ready_ = 0;  // payload at the front of input, read by reader_, not yet written
  size_t after_ = 0;  // wire bytes in input behind that payload which belong to it
  bool ended_ = false;
  bool blocked_ = false;
  size_t kept_ = 0;  // by the blocked sink, when last looked at
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
};

}  // namespace daruma::proxy
