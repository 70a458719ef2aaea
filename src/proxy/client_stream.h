// SPDX-License-Identifier: Apache-2.0
//
// A client as an exchange knows it, whatever protocol it speaks (ADR 7): a socket that gives the
// body of the request and takes the answer, both as HTTP/1.1 writes them. An HTTP/1 connection is
// one, again for each of its requests; of an HTTP/2 connection each stream is one.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/buffer.h"
#include "base/time.h"
#include "http/forwarding_headers.h"
#include "io/socket.h"

namespace daruma::tls {
class Session;
}

namespace daruma::proxy {

class Listener;

// What stays the same for all requests of a connection.
struct ClientOrigin {
  Listener& listener;
  http::ClientFacts facts;
  const tls::Session* tls_session;  // nullptr: not over TLS, or its handshake is not complete
  Instant accepted_at;
  std::array<uint64_t, 2> id;
  bool http2 = false;
  uint32_t verification = 0;  // Listener::verification() when it was accepted

  void write_id(std::string& text) const;  // "TID_…"
};

class ClientStream {
 public:
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  const ClientOrigin& origin() const { return origin_; }
  io::Socket& socket() { return *socket_; }
  // What was read and belongs to nobody yet: the request's body, then what follows it.
  Buffer& in() { return in_; }

  enum class ReadOutcome : uint8_t { bytes, nothing, ended, failed };
  // Appends what has arrived to in(), up to about `size` bytes.
  ReadOutcome read_more(size_t size) {
    return socket_->readable() ? read_readable(size) : ReadOutcome::nothing;
  }

  // The client may not send more of its body now, or next to nothing, as others of its connection
  // hold what it may (flow control, RFC 9113 5.2).
  virtual bool held_up() const { return false; }

  // What the client does not take of the answer waits behind others of its connection, and of those
  // it has taken some since this was asked last, or the answer found no room.
  virtual bool waits_for_others() { return false; }

  enum class After : uint8_t {
    keep_alive,  // wait for the next request
    close,       // everything was read and no more is expected: say good-bye
    linger,      // the client may still be sending: let it read its answer before its bytes meet a
                 // closed socket
    cut,         // without a good-bye: the client must not take what it got for complete
  };
  // The exchange has ended and been returned; it may still be on the call stack.
  virtual void exchange_done(After after) = 0;

 protected:
  ClientStream(SlabPool& slabs, const ClientOrigin& origin) : in_(slabs), origin_(origin) {}
  ~ClientStream() = default;

  io::Socket* socket_ = nullptr;  // set before the first exchange begins
  Buffer in_;

 private:
  ReadOutcome read_readable(size_t size);

  const ClientOrigin& origin_;
};

}  // namespace daruma::proxy
