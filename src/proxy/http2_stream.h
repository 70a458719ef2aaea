// SPDX-License-Identifier: Apache-2.0
//
// One stream of an HTTP/2 connection as a client stream (ADR 7): a socket that gives the request's
// body as HTTP/1.1 frames it, takes HTTP/1.1's answer and hands it on in frames. Where that is a
// 101 to an extended CONNECT it is handed on as 200, and the stream is a tunnel (RFC 8441 5):
// bytes, and an end, both ways; CANCEL where HTTP/1.1 has a connection's reset. Owned by its
// connection's list; dies through the graveyard. What happens inside the session is noted, and
// acted upon when the session has returned (act()).
#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "base/intrusive_list.h"
#include "http/h1_parser.h"
#include "http/h2_session.h"
#include "http/h2_text.h"
#include "io/socket.h"
#include "proxy/client_stream.h"
#include "proxy/graveyard.h"
#include "proxy/http2_room.h"
#include "proxy/refusal.h"

namespace daruma::proxy {

class Exchange;
class Http2Connection;
struct Environment;

struct Http2StreamList {};  // all of a connection
struct Http2Agenda {};      // those that have something to do

class Http2Stream final : public Mortal,
                          public ListNode<Http2StreamList>,
                          public ListNode<Http2Agenda>,
                          public http::H2Stream,
                          public ClientStream,
                          private io::Socket {
 public:
  Http2Stream(Environment& environment, Http2Connection& connection);
  ~Http2Stream() override;

  // The request, as it was read; head and bytes are taken.
  void open(http::RequestHead& head, Buffer& bytes);
  // In its stead: it could not be read.
  void open_refused(const Refusal& refusal, size_t bytes_seen);
  // The same, where the session has reset it: the answer is for the log alone. It is gone then.
  void refuse_unheard(const Refusal& refusal, size_t bytes_seen);

  // Begins its exchange, or tells it what has happened. May end the stream.
  void act();
  // There may be room for what the exchange could not write. To be told by act().
  void offer_room();
  // The connection is gone, or gives it up: nothing goes either way any more.
  void end();
  void stop_now();

  size_t head_bytes() const { return head_bytes_; }
  // Of the request's body, and what frames it.
  size_t received_bytes() const { return received_.body_bytes() + in_.size(); }
  bool has_exchange() const { return exchange_ != nullptr; }

  bool held_up() const override;
  bool waits_for_others() override;
  void exchange_done(After after) override;

 private:
  // Of the session.
  void on_body(std::string_view bytes) override;
  void on_body_end(std::string_view trailers) override;
  void on_closed() override;

  // Of the socket, for the exchange.
  void set_handler(io::SocketHandler&) override {}  // the exchange is told by act()
  bool readable() const override;
  io::IoResult read(std::span<char> into) override;
  io::IoResult write(std::span<const std::string_view> pieces) override;
  void finish_writing() override;    // of a tunnel; else the answer's framing tells its end
  void abort_on_close() override {}  // and exchange_done() that there is none
  size_t pending_bytes() const override { return output_pending(); }
  io::SocketError error() const override;
  Address local() const override;
  Address peer() const override;

  void begin();
  void note();
  void give_back_window();
  void open_tunnel(const http::ResponseHead& switched);
  void end_tunnel(After after);
  bool has_end_to_tell() const;
  bool write_heads(std::string_view text, size_t& accepted);
  bool write_body(std::string_view bytes, size_t& accepted);
  void destroy();

  Environment& environment_;
  Http2Connection& connection_;
  Exchange* exchange_ = nullptr;
  Instant began_;
  http::RequestHead request_;  // until the exchange has it
  http::Method method_ = http::Method::other;
  Refusal refusal_{0, model::Reason::none};
  size_t head_bytes_ = 0;

  http::H2TextReader received_;  // of the request's body, not yet read by the exchange

  http::H1ResponseParser parser_;
  http::H2TextWriter body_;

  bool begun_ = false;
  bool head_written_ = false;  // of the final response
  bool response_ended_ = false;
  bool extended_connect_ = false;
  bool tunnel_ = false;    // of which a 101 has come
  bool end_told_ = false;  // the exchange has read the end of the client's side
  Http2Room room_;
  uint64_t others_seen_ = 0;  // taken of the connection, when last looked at
  bool closed_ = false;       // the session does not know it any more
  bool ended_well_ = false;   // as both sides of the tunnel have ended
  bool unheard_ = false;      // and never did: what is written is lost
};

}  // namespace daruma::proxy
