// SPDX-License-Identifier: Apache-2.0
//
// One connection to the sample origin: request after request, each answered whole before the next
// is read; or origin_http2, where HTTP/2 is chosen. Owned by SampleOrigin.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/origin_http2.h"
#include "app/sample_origin.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "tls/sha256.h"

namespace daruma::app {

class OriginConnection final : private io::SocketHandler, private io::TimerHandler {
 public:
  OriginConnection(SampleOrigin& origin, uint64_t number, uint32_t worker);
  void begin(std::unique_ptr<io::Socket> lower);

  uint64_t number() const { return number_; }
  uint32_t worker() const { return worker_; }
  // Closes now if no request is under way, else after its answer.
  void drain();
  // What it became by HTTP/2 has ended.
  void end_http2() { end(); }
  // So it has, in good order: the peer may still be sending.
  void linger(std::unique_ptr<io::Socket> socket);

 private:
  enum class State : uint8_t { handshake, head, body, delay, answer, echo, linger, http2, ended };
  enum class Next : uint8_t { proceed, wait };

  void run();  // the only place where steps are called
  Next read_head();
  bool begins_http2();
  Next become_http2();
  Next read_body();
  Next wait_for_delay();
  Next write_answer();
  Next echo_bytes();
  Next discard_input();

  void begin_request();
  void begin_answer();
  void begin_echo();
  void write_answer_head();
  void write_connection_fields();
  void begin_body();
  void produce_body();
  void end_chunks();
  void finish_answer();
  void begin_linger();
  void refuse(int status);
  void end();

  bool fill();
  bool flush();
  void wait_at_most(Duration timeout);
  void on_connected() override;
  void on_connect_failed() override { end(); }
  void on_readable() override { run(); }
  void on_writable() override { run(); }
  void on_timer(io::Timer& timer) override;

  SampleOrigin& origin_;
  const uint64_t number_;
  const uint32_t worker_;  // 0 if workers are not counted
  std::unique_ptr<io::Socket> socket_;
  const tls::Session* tls_session_ = nullptr;  // the socket's; nullptr without TLS
  std::unique_ptr<OriginHttp2> http2_;         // null as long as it speaks HTTP/1.1
  io::Timer timer_;
  State state_ = State::handshake;
  Buffer in_;
  Buffer out_;

  http::H1RequestParser parser_;
  http::RequestHead head_;  // views into in_: valid within read_head() only
  http::H1BodyReader body_;
  tls::Sha256 request_sha_;
  tls::Sha256 answer_sha_;
  uint64_t request_number_ = 0;
  bool is_head_ = false;
  bool keep_alive_ = true;
  bool echoes_ = false;  // switches to the protocol "echo"
  http::Version version_;
  uint64_t request_body_bytes_ = 0;
  std::string echo_;
  OriginAnswer answer_;
  bool delayed_ = false;
  bool close_after_ = false;
  bool in_chunks_ = false;
  uint64_t body_sent_ = 0;  // bytes of the answer's body
  uint64_t body_left_ = 0;
};

}  // namespace daruma::app
