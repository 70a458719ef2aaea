// SPDX-License-Identifier: Apache-2.0
//
// One connection to the sample origin by HTTP/2 (RFC 9113), chosen by ALPN, or begun with its
// preface where there is no TLS: many requests at once, each answered as by HTTP/1.1. Where that
// closes or breaks off a connection, here the stream is reset (INTERNAL_ERROR).
// Owned by its OriginConnection, which it tells of its end.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "app/sample_origin.h"
#include "http/h2_session.h"
#include "io/loop.h"
#include "proxy/http2_output.h"

namespace daruma::app {

class OriginConnection;
class OriginHttp2Stream;

class OriginHttp2 final : private io::SocketHandler,
                          private io::TimerHandler,
                          private io::Task,
                          private http::H2Session::Handler {
 public:
  OriginHttp2(SampleOrigin& origin, OriginConnection& owner, std::unique_ptr<io::Socket> socket);
  ~OriginHttp2();

  // `received` was read from the socket before.
  void begin(std::string_view received);
  // No more requests: ends when those under way are answered.
  void drain();

  // For its streams.
  SampleOrigin& origin() { return origin_; }
  OriginConnection& owner() { return owner_; }
  http::H2Session& session() { return session_; }
  // Something may be said now.
  void wake();

 private:
  void on_readable() override;
  void on_writable() override;
  void on_timer(io::Timer& timer) override;
  void run() override;

  http::H2Stream* on_request(http::RequestHead& head, Buffer& bytes,
                             http::H2HeadReader::Body body) override;
  http::H2Stream* on_unacceptable_request(http::ParseStatus limit, http::Method method,
                                          size_t bytes_seen) override;
  void on_malformed_request(const http::H2Stream*, size_t) override {}

  http::H2Stream* add(std::unique_ptr<OriginHttp2Stream> stream);
  void shut_down();
  void finish();  // everything has been said
  void end();     // the connection is gone, or given up
  void stop();

  SampleOrigin& origin_;
  OriginConnection& owner_;
  std::unique_ptr<io::Socket> socket_;
  http::H2Session session_;
  proxy::Http2Output out_;
  io::Timer timer_;
  std::vector<std::unique_ptr<OriginHttp2Stream>> streams_;
  uint64_t requests_ = 0;
  uint64_t progress_seen_ = 0;
  bool ended_ = false;
};

}  // namespace daruma::app
