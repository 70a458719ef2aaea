// SPDX-License-Identifier: Apache-2.0
#include "app/origin_connection.h"

#include <algorithm>

#include "base/check.h"
#include "http/desync.h"
#include "http/h1_writer.h"

namespace daruma::app {
namespace {

constexpr Duration handshake_timeout = 60s;
constexpr Duration stalled_timeout = 60s;  // in the middle of a request or an answer
constexpr Duration linger_timeout = 2s;
constexpr size_t read_bytes = 16 * 1024;
constexpr size_t write_bytes = 16 * 1024;
constexpr std::string_view echo_protocol = "echo";
constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t chunk_bytes = 1000;  // so that chunks end in odd places

// An origin has no modes: what could be read in two ways, or is no request line, it refuses.
bool is_acceptable(const http::Findings& findings) {
  return !findings.has(http::Finding::missing_uri) &&
         http::decide(http::classify(findings), findings, http::DesyncMode::defensive) !=
             http::DesyncDecision::block;
}

}  // namespace

OriginConnection::OriginConnection(SampleOrigin& origin, uint64_t number, uint32_t worker)
    : origin_(origin),
      number_(number),
      worker_(worker),
      timer_(origin.loop_.timers(), *this),
      in_(origin.pool_),
      out_(origin.pool_) {}

void OriginConnection::begin(std::unique_ptr<io::Socket> lower) {
  wait_at_most(handshake_timeout);
  if (origin_.tls_) {
    auto secure = transport::SecureSocket::accept(origin_.loop_, origin_.transport_, *origin_.tls_,
                                                  std::move(lower), *this);
    tls_session_ = &secure->session();
    socket_ = std::move(secure);
    return;
  }
  socket_ = std::move(lower);
  socket_->set_handler(*this);
  on_connected();
}

void OriginConnection::on_connected() {
  state_ = State::head;
  wait_at_most(origin_.options_.keepalive_timeout);
  run();
}

void OriginConnection::run() {
  for (Next next = Next::proceed; next == Next::proceed;) {
    switch (state_) {
      case State::head:
        next = read_head();
        break;
      case State::body:
        next = read_body();
        break;
      case State::delay:
        next = wait_for_delay();
        break;
      case State::answer:
        next = write_answer();
        break;
      case State::echo:
        next = echo_bytes();
        break;
      case State::linger:
        next = discard_input();
        break;
      case State::handshake:
      case State::http2:
      case State::ended:
        return;
    }
  }
}

// By ALPN, or the preface without TLS (RFC 9113 3.3).
bool OriginConnection::begins_http2() {
  if (tls_session_) return tls_session_->http2_chosen();
  const std::string_view begins = in_.view().substr(0, http2_preface.size());
  return begins == http2_preface;
}

OriginConnection::Next OriginConnection::become_http2() {
  timer_.clear();
  state_ = State::http2;
  http2_ = std::make_unique<OriginHttp2>(origin_, *this, std::move(socket_));
  http2_->begin(in_.view());
  return Next::wait;
}

OriginConnection::Next OriginConnection::read_head() {
  if (request_number_ == 0) {
    if (begins_http2()) return become_http2();
    const bool may_yet = !in_.empty() && !tls_session_ && http2_preface.starts_with(in_.view());
    if (may_yet) return fill() ? Next::proceed : Next::wait;
  }
  head_.clear();
  switch (parser_.parse(in_.view(), head_)) {
    case http::ParseStatus::complete:
      if (is_acceptable(head_.findings)) {
        begin_request();
      } else {
        refuse(400);
      }
      return Next::proceed;
    case http::ParseStatus::need_more:
      return fill() ? Next::proceed : Next::wait;
    case http::ParseStatus::line_too_long:
      refuse(414);
      return Next::proceed;
    case http::ParseStatus::version_unsupported:
      refuse(505);
      return Next::proceed;
    case http::ParseStatus::malformed:
    case http::ParseStatus::field_too_long:
    case http::ParseStatus::head_too_large:
    case http::ParseStatus::too_many_fields:
      refuse(400);
      return Next::proceed;
  }
  return Next::wait;
}

// Everything that is needed of the head is taken from it here, before its bytes are dropped.
void OriginConnection::begin_request() {
  ++request_number_;
  ++origin_.requests_total_;
  is_head_ = head_.method == http::Method::head;
  version_ = head_.version;
  keep_alive_ = head_.keep_alive;
  const http::Field* const upgrade = head_.fields.find(http::FieldId::upgrade);
  echoes_ = head_.upgrade && upgrade && upgrade->value == echo_protocol;
  echo_ = in_.view().substr(0, head_.wire_bytes);
  request_body_bytes_ = 0;
  answer_ = answer_for(head_.target, origin_.options_, origin_.loop_.random());
  body_.begin(head_.framing, head_.content_length);
  if (head_.expect_continue && in_.size() == head_.wire_bytes) {
    http::write_status_line(out_, 100, http::reason_phrase(100));
    http::end_head(out_);
  }
  in_.consume(head_.wire_bytes);
  parser_.reset();
  state_ = State::body;
  wait_at_most(stalled_timeout);
}

OriginConnection::Next OriginConnection::read_body() {
  if (!flush()) return Next::wait;
  while (!body_.finished()) {
    const http::H1BodyReader::Piece piece = body_.next(in_.view());
    request_sha_.update(piece.payload);
    request_body_bytes_ += piece.payload.size();
    in_.consume(piece.consumed);
    if (piece.status == http::BodyStatus::malformed) {
      refuse(400);
      return Next::proceed;
    }
    if (piece.status == http::BodyStatus::more && piece.consumed == 0 && !fill()) return Next::wait;
  }
  state_ = State::delay;
  delayed_ = answer_.delay > Duration::zero();
  if (delayed_) timer_.set(origin_.loop_.now() + answer_.delay);
  return Next::proceed;
}

OriginConnection::Next OriginConnection::wait_for_delay() {
  if (delayed_) return Next::wait;  // on_timer ends it
  begin_answer();
  return Next::proceed;
}

void OriginConnection::begin_answer() {
  using Ending = OriginAnswer::Ending;
  wait_at_most(stalled_timeout);
  if (echoes_) return begin_echo();
  if (answer_.ending == Ending::close_unanswered || answer_.ending == Ending::reset_unanswered) {
    if (answer_.ending == Ending::reset_unanswered) socket_->abort_on_close();
    end();
    return;
  }
  // HTTP/1.0 knows no chunks.
  if (answer_.framing == http::Framing::chunked && version_ < http::Version{1, 1}) {
    answer_.framing = http::Framing::until_close;
  }
  if (answer_.body == OriginAnswer::Body::echo) answer_.body_bytes = echo_.size();
  const uint32_t requests_max = origin_.options_.keepalive_requests;
  close_after_ = !keep_alive_ || origin_.draining() || answer_.ending == Ending::truncated ||
                 answer_.framing == http::Framing::until_close ||
                 (requests_max > 0 && request_number_ >= requests_max);
  write_answer_head();
  begin_body();
  if (body_left_ > 0) produce_body();  // head and first bytes leave together
  state_ = State::answer;
}

void OriginConnection::begin_echo() {
  http::write_status_line(out_, 101, http::reason_phrase(101));
  http::write_field(out_, "Upgrade", echo_protocol);
  http::write_field(out_, "Connection", "Upgrade");
  http::end_head(out_);
  state_ = State::echo;
}

// Until the peer ends it.
OriginConnection::Next OriginConnection::echo_bytes() {
  while (flush()) {
    if (in_.empty() && !fill()) return Next::wait;
    wait_at_most(stalled_timeout);
    out_.append(in_.view());
    in_.clear();
  }
  return Next::wait;
}

void OriginConnection::write_answer_head() {
  http::write_status_line(out_, answer_.status, http::reason_phrase(answer_.status));
  http::write_field(out_, "Server", "daruma-target");
  http::write_field(out_, "X-Target", origin_.name_);
  http::write_field(out_, "X-Connection", number_);
  http::write_field(out_, "X-Request", request_number_);
  if (worker_ > 0) http::write_field(out_, "X-Worker", worker_);
  if (!answer_.cookie.empty())
    http::write_field(out_, "Set-Cookie", answer_.cookie + "=begun; Path=/");
  http::write_field(out_, "X-Body-Bytes", request_body_bytes_);
  http::write_field(out_, "X-Body-Sha256", request_sha_.finish());
  if (answer_.body != OriginAnswer::Body::none) {
    http::write_field(out_, "Content-Type", "text/plain");
  }
  if (answer_.framing == http::Framing::length) {
    http::write_field(out_, "Content-Length", answer_.body_bytes);
  } else if (answer_.framing == http::Framing::chunked) {
    http::write_field(out_, "Transfer-Encoding", "chunked");
    http::write_field(out_, "Trailer", "X-Sha256");
  }
  write_connection_fields();
  http::end_head(out_);
}

void OriginConnection::write_connection_fields() {
  if (close_after_) {
    http::write_field(out_, "Connection", "close");
    return;
  }
  const OriginOptions& options = origin_.options_;
  std::string text = "timeout=" + std::to_string(options.keepalive_timeout / 1s);
  if (options.keepalive_requests > 0) {
    text += ", max=" + std::to_string(options.keepalive_requests - request_number_);
  }
  http::write_field(out_, "Keep-Alive", text);
  http::write_field(out_, "Connection", "keep-alive");
}

void OriginConnection::begin_body() {
  const bool sends_body = !is_head_ && answer_.body != OriginAnswer::Body::none;
  in_chunks_ = sends_body && answer_.framing == http::Framing::chunked;
  body_sent_ = 0;
  body_left_ = sends_body ? answer_.body_bytes : 0;
  if (answer_.ending == OriginAnswer::Ending::truncated) body_left_ /= 2;
  if (in_chunks_ && body_left_ == 0) end_chunks();
}

OriginConnection::Next OriginConnection::write_answer() {
  while (flush()) {
    if (body_left_ == 0) {
      finish_answer();
      return Next::proceed;
    }
    produce_body();
  }
  return Next::wait;
}

// Puts the next run of the body into out_.
void OriginConnection::produce_body() {
  wait_at_most(stalled_timeout);
  const size_t most = std::min<uint64_t>(body_left_, in_chunks_ ? chunk_bytes : write_bytes);
  const std::string_view run = answer_.body == OriginAnswer::Body::echo
                                   ? std::string_view(echo_).substr(body_sent_, most)
                                   : origin_.letters(body_sent_, most);
  body_sent_ += run.size();
  body_left_ -= run.size();
  if (!in_chunks_) {
    out_.append(run);
    return;
  }
  answer_sha_.update(run);
  out_.append(http::ChunkHead(run.size()).view());
  out_.append(run);
  out_.append(http::chunk_end);
  if (body_left_ == 0) end_chunks();
}

void OriginConnection::end_chunks() {
  http::write_last_chunk(out_, "X-Sha256: " + answer_sha_.finish() + "\r\n");
}

void OriginConnection::finish_answer() {
  if (close_after_ || origin_.draining()) {
    begin_linger();
    return;
  }
  state_ = State::head;
  wait_at_most(origin_.options_.keepalive_timeout);
}

// The peer may still be sending; closing at once could reset the answer on its way.
void OriginConnection::begin_linger() {
  socket_->finish_writing();
  state_ = State::linger;
  wait_at_most(linger_timeout);
}

void OriginConnection::linger(std::unique_ptr<io::Socket> socket) {
  socket_ = std::move(socket);
  socket_->set_handler(*this);
  begin_linger();
  run();
}

OriginConnection::Next OriginConnection::discard_input() {
  in_.clear();
  return fill() ? Next::proceed : Next::wait;
}

void OriginConnection::refuse(int status) {
  answer_ = {.status = status};
  echo_.clear();
  is_head_ = false;
  keep_alive_ = false;
  echoes_ = delayed_ = false;
  state_ = State::delay;
}

void OriginConnection::drain() {
  if (http2_) return http2_->drain();
  if (state_ == State::handshake || (state_ == State::head && in_.empty())) end();
}

void OriginConnection::end() {
  state_ = State::ended;
  timer_.clear();
  socket_.reset();
  origin_.bury(*this);
}

// True if bytes were added to in_.
bool OriginConnection::fill() {
  const size_t most = std::min(read_bytes, Buffer::size_max() - in_.size());
  switch (io::read_into(in_, most, *socket_).status) {
    case io::IoStatus::done:
      return true;
    case io::IoStatus::blocked:
      return false;
    case io::IoStatus::end:
    case io::IoStatus::failed:
      end();
      return false;
  }
  return false;
}

// True once all of out_ is written.
bool OriginConnection::flush() {
  while (!out_.empty()) {
    const io::IoResult result = socket_->write(out_.view());
    if (result.status == io::IoStatus::blocked) return false;
    if (result.status != io::IoStatus::done) {
      end();
      return false;
    }
    out_.consume(result.bytes);
  }
  return true;
}

void OriginConnection::wait_at_most(Duration timeout) {
  timer_.set(origin_.loop_.now() + timeout);
}

void OriginConnection::on_timer(io::Timer&) {
  if (state_ != State::delay) {
    end();
    return;
  }
  delayed_ = false;
  run();
}

}  // namespace daruma::app
