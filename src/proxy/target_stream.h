// SPDX-License-Identifier: Apache-2.0
//
// A target as an exchange knows it, whatever protocol it speaks (ADR 7): a socket that takes the
// request and gives the answer, both as HTTP/1.1 writes them. A connection of HTTP/1.1 is one, for
// one request after the other; of a connection of HTTP/2 each stream is one, for one request.
#pragma once

#include "base/buffer.h"
#include "base/check.h"
#include "http/h1_parser.h"
#include "io/socket.h"
#include "model/reason.h"

namespace daruma::proxy {

class Exchange;
class TargetConnection;
class TargetHttp2Stream;

class TargetStream {
 public:
  TargetStream(const TargetStream&) = delete;
  TargetStream& operator=(const TargetStream&) = delete;

  io::Socket& socket() { return *stream_socket_; }
  Buffer& in() { return in_; }
  http::H1ResponseParser& parser() { return parser_; }
  // What carries it; itself, where that is a connection of HTTP/1.1.
  TargetConnection& connection() { return connection_; }
  const TargetConnection& connection() const { return connection_; }
  TargetHttp2Stream* http2() { return http2_; }

  void lend(Exchange& user) {
    DARUMA_ASSERT(!user_);
    DARUMA_ASSERT(in_.empty());
    user_ = &user;
    parser_.reset();
  }
  void end_use() { user_ = nullptr; }

 protected:
  TargetStream(SlabPool& slabs, TargetConnection& connection, TargetHttp2Stream* http2 = nullptr)
      : in_(slabs), connection_(connection), http2_(http2) {}
  ~TargetStream() = default;

  io::Socket* stream_socket_ = nullptr;  // set before it is lent
  Exchange* user_ = nullptr;

 private:
  Buffer in_;
  http::H1ResponseParser parser_;
  TargetConnection& connection_;
  TargetHttp2Stream* const http2_;
};

}  // namespace daruma::proxy
