// SPDX-License-Identifier: Apache-2.0
//
// The client's side of a connection: TLS, HTTP/1.x framing, keep-alive and pipelining; one exchange
// at a time. A client that chooses HTTP/2 gets an Http2Connection in its stead.
#pragma once

#include <memory>

#include "base/intrusive_list.h"
#include "http/h1_parser.h"
#include "io/loop.h"
#include "model/reason.h"
#include "proxy/accepted_connection.h"
#include "proxy/client_stream.h"
#include "proxy/refusal.h"
#include "transport/secure_socket.h"

namespace daruma::proxy {

class Exchange;
class Listener;
struct Environment;

class ClientConnection final : public AcceptedConnection,
                               public ClientStream,
                               private io::SocketHandler,
                               private io::TimerHandler,
                               private io::Task {
 public:
  // A plain connection. `tls_context` not null: TLS over it.
  ClientConnection(Environment& environment, Listener& listener, std::unique_ptr<io::Socket> socket,
                   std::shared_ptr<tls::ServerContext> tls_context);
  ~ClientConnection() override;

  void exchange_done(After after) override;

  void retire() override;
  void stop_now() override;

 private:
  enum class State : uint8_t { handshaking, waiting, serving, closing, dead };

  void on_connected() override;
  void on_connect_failed() override;
  void on_readable() override;
  void on_writable() override;
  void on_timer(io::Timer& timer) override;
  void run() override;  // Task: look for the next pipelined request

  void note_failed_handshake();
  void become_http2();
  void read_request();
  void begin_exchange();
  void refuse(http::ParseStatus status);
  void refuse(const Refusal& refusal);
  void wait_for_more();
  void begin_closing(After after);
  void discard_input();
  void bury();
  void note_output();
  bool output_moves();
  void die();
  Duration idle_timeout() const;

  Environment& environment_;
  Listener& listener_;
  std::shared_ptr<tls::ServerContext> tls_context_;
  std::unique_ptr<io::Socket> connection_;
  transport::SecureSocket* secure_ = nullptr;  // connection_, where it is one
  ClientOrigin origin_;
  http::H1RequestParser parser_;
  Exchange* exchange_ = nullptr;
  io::Timer timer_;
  Instant first_byte_ = never;  // of the request being read
  size_t discarded_ = 0;
  size_t output_seen_ = 0;  // accepted by the socket and not by the network, when last looked at
  bool lingers_ = false;    // while closing: the client may still be sending
  State state_ = State::waiting;
};

}  // namespace daruma::proxy
