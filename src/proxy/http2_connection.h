// SPDX-License-Identifier: Apache-2.0
//
// A client's connection that chose HTTP/2: one socket, the session that speaks frames on it, and
// its streams, each with an exchange of its own. What the streams have to say is gathered and
// leaves at the end of the loop's turn, in as few writes as the network takes. Owned by its
// Listener's list; dies through the graveyard.
#pragma once

#include <memory>

#include "base/intrusive_list.h"
#include "http/h2_session.h"
#include "io/loop.h"
#include "model/reason.h"
#include "proxy/accepted_connection.h"
#include "proxy/client_stream.h"
#include "proxy/http2_memory.h"
#include "proxy/http2_output.h"
#include "proxy/http2_stream.h"
#include "tls/context.h"

namespace daruma::proxy {

class Listener;
struct Environment;

class Http2Connection final : public AcceptedConnection,
                              public Http2Holder,
                              private io::SocketHandler,
                              private io::TimerHandler,
                              private io::Task,
                              private http::H2Session::Handler {
 public:
  // Goes on where the handshake ended.
  Http2Connection(Environment& environment, const ClientOrigin& origin,
                  std::unique_ptr<io::Socket> socket,
                  std::shared_ptr<tls::ServerContext> tls_context);
  ~Http2Connection() override;

  void retire() override;
  void stop_now() override;
  Http2Memory memory() override;

  // For its streams.
  const ClientOrigin& origin() const { return origin_; }
  Address local() const { return socket_->local(); }
  void note(Http2Stream& stream);  // it is to act when the session has returned
  void exchange_begun() { ++exchanges_; }
  void exchange_ended();
  void forget(const Http2Stream& stream) { head_bytes_ -= stream.head_bytes(); }
  void respond(Http2Stream& stream, const http::ResponseHead& head,
               http::H2Session::Follows follows) {
    session_.respond(stream, head, follows);
  }
  void stop_reading(Http2Stream& stream) {
    session_.stop_reading(stream);
    flush_soon();
  }
  // To read an answer's head into, for the moment; it keeps its room.
  http::ResponseHead& scratch_response() { return scratch_response_; }
  http::H2Endpoint& endpoint() { return session_; }
  // By the network, of what this side says. Grows while the client reads.
  uint64_t output_taken() const { return out_.taken(*socket_); }
  void reset(Http2Stream& stream, http::H2Error error);
  void consumed(const Http2Stream& stream, size_t bytes);
  size_t window() const { return session_.window(); }
  void flush_soon();

 private:
  enum class State : uint8_t { open, closing, dead };

  void on_readable() override;
  void on_writable() override;
  void on_timer(io::Timer& timer) override;
  void run() override;

  http::H2Stream* on_request(http::RequestHead& head, Buffer& bytes,
                             http::H2HeadReader::Body body) override;
  http::H2Stream* on_unacceptable_request(http::ParseStatus limit, http::Method method,
                                          size_t bytes_seen) override;
  void on_malformed_request(const http::H2Stream* stream, size_t bytes_seen) override;

  void read();
  void act();
  void flush();
  void settle();
  void begin_shutdown();
  void end_streams();
  void note_fault();
  void count(model::Reason reason);
  void close();
  void discard_input();
  void die();
  Http2Stream& add_stream();
  Duration idle_timeout() const;

  Environment& environment_;
  ClientOrigin origin_;
  std::shared_ptr<tls::ServerContext> tls_context_;
  std::unique_ptr<io::Socket> socket_;
  http::H2Session session_;
  Http2Output out_;
  http::ResponseHead scratch_response_;
  IntrusiveList<Http2Stream, Http2StreamList> streams_;
  IntrusiveList<Http2Stream, Http2Agenda> agenda_;
  io::Timer timer_;         // idle; while closing, until the client has read what was said
  io::Timer goaway_timer_;  // between the first and the last GOAWAY
  uint64_t requests_ = 0;
  uint64_t progress_seen_ = 0;
  size_t exchanges_ = 0;
  size_t head_bytes_ = 0;    // of requests under way
  uint64_t taken_seen_ = 0;  // of the output by the network, when last looked at
  size_t discarded_ = 0;
  State state_ = State::open;
  bool more_to_read_ = false;  // in the next turn
  bool fault_noted_ = false;
};

}  // namespace daruma::proxy
