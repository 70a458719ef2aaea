// SPDX-License-Identifier: Apache-2.0
//
// What an end of an HTTP/2 connection has to say, on its way to the socket: gathered in frames as
// the socket takes them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/buffer.h"
#include "http/h2_endpoint.h"
#include "io/socket.h"

namespace daruma::proxy {

class Http2Output {
 public:
  explicit Http2Output(SlabPool& slabs) : out_(slabs) {}

  // What may be gathered here.
  static constexpr size_t bytes_max = http::H2Endpoint::fill_bytes + 16 * 1024 + 9;

  enum class Status : uint8_t {
    done,       // everything, or as much as the socket took
    turn_over,  // others have their turn; call again in the next
    failed,
  };
  Status flush(http::H2Endpoint& endpoint, io::Socket& socket);
  // The socket can be written to again.
  void unblock() { blocked_ = false; }
  bool blocked() const { return blocked_; }
  bool empty() const { return out_.empty(); }
  size_t size() const { return out_.size(); }
  // What the network has taken of all that was flushed, about: what TLS adds is not told apart.
  uint64_t taken(const io::Socket& socket) const {
    return written_ - std::min<uint64_t>(written_, socket.pending_bytes());
  }

 private:
  Buffer out_;
  uint64_t written_ = 0;  // accepted by the socket
  bool blocked_ = false;  // the socket takes no more; on_writable() will be called
};

}  // namespace daruma::proxy
