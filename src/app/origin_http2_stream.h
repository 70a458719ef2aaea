// SPDX-License-Identifier: Apache-2.0
//
// One request of HTTP/2 to the sample origin, and its answer. Part of origin_http2.
#pragma once

#include <cstdint>
#include <string>

#include "app/origin_answer.h"
#include "http/h2_session.h"
#include "io/timer_wheel.h"
#include "tls/sha256.h"

namespace daruma::app {

class OriginHttp2;

class OriginHttp2Stream final : public http::H2Stream, private io::TimerHandler {
 public:
  // What it was asked: `number` of its connection; `shown` is the request as text.
  struct Request {
    uint64_t number = 0;
    OriginAnswer answer{};
    std::string shown{};
    bool is_head = false;
    bool expects_continue = false;
  };
  OriginHttp2Stream(OriginHttp2& connection, Request request);

  // Says what it can now. Not from within the session.
  void act();
  bool over() const { return over_; }
  // Nothing is said before the answer's delay is over.
  bool delayed() const { return timer_.is_set(); }

 private:
  enum class Step : uint8_t { request, delay, body, end };

  void on_body(std::string_view bytes) override;
  void on_body_end(std::string_view trailers) override;
  void on_closed() override { over_ = true; }
  void on_timer(io::Timer& timer) override;

  void begin_answer();
  void respond();
  void write_body();
  void break_off();
  bool has_body() const;

  OriginHttp2& connection_;
  Request request_;
  io::Timer timer_;
  tls::Sha256 request_sha_;
  tls::Sha256 answer_sha_;
  uint64_t received_bytes_ = 0;
  uint64_t body_sent_ = 0;
  uint64_t body_left_ = 0;
  Step step_ = Step::request;
  bool request_ended_ = false;
  bool over_ = false;
};

}  // namespace daruma::app
