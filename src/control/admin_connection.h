// SPDX-License-Identifier: Apache-2.0
//
// One connection of the admin server: reads a request whole, gives it to its handler, writes the
// answer, and goes on with the next. Owned by the server; ends itself through the loop, because it
// may be on the call stack.
#pragma once

#include <memory>
#include <string>

#include "control/admin_server.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"

namespace daruma::control {

class AdminConnection final : private io::SocketHandler,
                              private io::TimerHandler,
                              private io::Task {
 public:
  AdminConnection(AdminServer& server, std::unique_ptr<io::Socket> socket);
  ~AdminConnection();
  AdminConnection(const AdminConnection&) = delete;
  AdminConnection& operator=(const AdminConnection&) = delete;

  // Since when no request has been begun; `never` while one is served.
  Instant idle_since() const { return idle_since_; }
  void end();
  void answer(AdminResponse response);     // for AdminResponder
  void end_unanswered();                   // the same
  void begin_stream(AdminResponse begin);  // the same
  // For AdminStream. REQUIRES: its ticket names this connection.
  void send_on(std::string_view bytes);
  void end_stream();

 private:
  enum class State : uint8_t { head, body, handling, writing, streaming, lingering, ended };
  enum class Next : uint8_t { proceed, wait };

  void on_readable() override { advance(); }
  void on_writable() override { advance(); }
  void on_timer(io::Timer& timer) override;
  void run() override;  // Task: destroys this

  void advance();
  Next step();
  Next read_head();
  Next read_body();
  Next take_body();
  Next write();
  Next write_pieces();
  Next stream();
  Next linger();
  Next read_more();

  void await_request();
  void begin_body();
  void dispatch();
  void refuse(int status, std::string_view why);
  void refuse(http::ParseStatus status);
  std::string_view reason_to_distrust() const;  // "" if there is none
  bool is_embedded_elsewhere() const;
  enum class Length : uint8_t { told, open };
  void write_head(const AdminResponse& response, Length length);
  void after_response();
  void finish();
  void let_go_of_ticket();

  AdminServer& server_;
  std::unique_ptr<io::Socket> socket_;
  io::Timer timer_;
  State state_ = State::head;
  Instant idle_since_ = never;
  Buffer in_;
  Buffer out_;            // heads
  std::string out_body_;  // after out_
  size_t out_body_sent_ = 0;
  http::H1RequestParser parser_;
  std::string head_text_;  // what head_ looks into
  http::RequestHead head_;
  http::H1BodyReader body_reader_;
  std::string body_;
  bool keep_alive_ = true;
  bool dispatching_ = false;
  bool stream_ends_ = false;
  std::shared_ptr<AdminResponder::Ticket>
      ticket_;  // not null while a handler owes the answer, or goes on with it
};

}  // namespace daruma::control
