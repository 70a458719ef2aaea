// SPDX-License-Identifier: Apache-2.0
#include "health/probe.h"

#include <utility>

#include "base/check.h"
#include "model/limits.h"

namespace daruma::health {
namespace {

constexpr size_t read_bytes = 4 * 1024;

std::string request_text(const ProbeRequest& request) {
  return "GET " + request.path + " HTTP/1.1\r\nHost: " + request.host +
         "\r\nUser-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n";
}

}  // namespace

std::string probe_host(const std::string& target_id, uint16_t port) {
  const bool v6 = target_id.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + target_id + "]" : target_id;
  return port == 80 || port == 443 ? host : host + ":" + std::to_string(port);
}

Probe::Probe(const ProbeEnvironment& environment, ProbeRequest request, tls::SessionCache& sessions,
             ProbeHandler& handler)
    : loop_(environment.loop),
      request_(std::move(request)),
      handler_(handler),
      began_(environment.loop.now()),
      unsent_(request_text(request_)),
      in_(environment.slabs),
      parser_({.head_bytes_max = model::limits::response_head_bytes_max}),
      deadline_(environment.loop.timers(), *this) {
  result_.target = request_.address;
  deadline_.set(began_ + request_.timeout);
  if (request_.protocol == model::Protocol::http) {
    socket_ = loop_.connect(request_.address, *this);
    return;
  }
  auto secure = transport::SecureSocket::connect(loop_, environment.secure, environment.tls,
                                                 &sessions, request_.address, "", *this);
  secure_ = secure.get();
  socket_ = std::move(secure);
}

Probe::~Probe() = default;

void Probe::on_connected() {
  step_ = Step::response_head;
  result_.local = socket_->local();
  write_request();
}

void Probe::on_connect_failed() {
  settle(connect_failure());
  finish();
}

void Probe::on_writable() {
  write_request();
}

void Probe::write_request() {
  while (!unsent_.empty()) {
    const io::IoResult written = socket_->write(unsent_);
    switch (written.status) {
      case io::IoStatus::done:
        unsent_.erase(0, written.bytes);
        break;
      case io::IoStatus::blocked:
        return;
      case io::IoStatus::end:
      case io::IoStatus::failed:
        settle(connection_failure());
        return finish();
    }
  }
}

void Probe::on_readable() {
  for (;;) {
    switch (io::read_into(in_, read_bytes, *socket_).status) {
      case io::IoStatus::done:
        if (take_input() == Progress::done) return finish();
        // A FIN that came with the last bytes raises no event of its own.
        if (!socket_->readable()) return in_.release_if_empty();
        break;
      case io::IoStatus::blocked:
        return;
      case io::IoStatus::end:
        settle(ProbeOutcome::response_closed);
        return finish();
      case io::IoStatus::failed:
        settle(connection_failure());
        return finish();
    }
  }
}

Probe::Progress Probe::take_input() {
  if (step_ == Step::response_head && take_head() == Progress::done) return Progress::done;
  return step_ == Step::body ? take_body() : Progress::more;
}

Probe::Progress Probe::take_head() {
  http::ResponseHead head;
  for (;;) {
    const http::ParseStatus status = parser_.parse(in_.view(), http::Method::get, head);
    if (status == http::ParseStatus::need_more) return Progress::more;
    head_bytes_ += head.wire_bytes;
    if (status != http::ParseStatus::complete ||
        head_bytes_ > model::limits::response_head_bytes_max) {
      settle(ProbeOutcome::response_malformed);
      return Progress::done;
    }
    const bool interim = head.status / 100 == 1 && head.status != 101;
    if (!interim) break;
    in_.consume(head.wire_bytes);
    parser_.reset();
    head.clear();
  }
  judge(head);
  return Progress::more;
}

void Probe::judge(const http::ResponseHead& head) {
  result_.status = head.status;
  settle(request_.matcher.matches(head.status) ? ProbeOutcome::passed
                                               : ProbeOutcome::code_mismatch);
  body_.begin(head.framing, head.content_length);
  const size_t head_bytes = head.wire_bytes;
  in_.consume(head_bytes);
  step_ = Step::body;
}

// The body says nothing about health. It is read, up to a limit, because a target that is cut off
// while it answers would log an error for every probe.
Probe::Progress Probe::take_body() {
  while (!body_.finished()) {
    const http::H1BodyReader::Piece piece = body_.next(in_.view());
    in_.consume(piece.consumed);
    body_bytes_ += piece.consumed;
    if (piece.status == http::BodyStatus::malformed) return Progress::done;
    if (body_bytes_ >= model::limits::health_check_body_bytes_max) return Progress::done;
    if (piece.consumed == 0 && piece.status == http::BodyStatus::more) return Progress::more;
  }
  return Progress::done;
}

void Probe::on_timer(io::Timer&) {
  switch (step_) {
    case Step::connect:
      settle(secure_ != nullptr && secure_->tcp_connected() ? ProbeOutcome::tls_timeout
                                                            : ProbeOutcome::connect_timeout);
      break;
    case Step::response_head:
    case Step::body:
      settle(ProbeOutcome::response_timeout);
      break;
  }
  finish();
}

void Probe::settle(ProbeOutcome outcome) {
  if (settled_) return;
  settled_ = true;
  result_.outcome = outcome;
  result_.latency = loop_.now() - began_;
}

void Probe::finish() {
  DARUMA_ASSERT(settled_);
  deadline_.clear();
  secure_ = nullptr;
  socket_.reset();
  const ProbeResult result = result_;
  handler_.on_probe_done(result);
}

ProbeOutcome Probe::connect_failure() const {
  const bool in_tls = secure_ != nullptr && secure_->tcp_connected();
  switch (socket_->error()) {
    case io::SocketError::refused:
      return ProbeOutcome::connect_refused;
    case io::SocketError::unreachable:
      return ProbeOutcome::connect_unreachable;
    case io::SocketError::timed_out:
      return in_tls ? ProbeOutcome::tls_timeout : ProbeOutcome::connect_timeout;
    case io::SocketError::reset:
      return in_tls ? ProbeOutcome::tls_reset : ProbeOutcome::connect_reset;
    case io::SocketError::tls_handshake:
    case io::SocketError::tls_record:
    case io::SocketError::tls_truncated:
      return ProbeOutcome::tls_failed;
    case io::SocketError::local_failure:
      return ProbeOutcome::not_made;
    case io::SocketError::none:
    case io::SocketError::other:
      return in_tls ? ProbeOutcome::tls_failed : ProbeOutcome::connect_failed;
  }
  return ProbeOutcome::connect_failed;
}

ProbeOutcome Probe::connection_failure() const {
  switch (socket_->error()) {
    case io::SocketError::timed_out:
      return ProbeOutcome::response_timeout;
    case io::SocketError::tls_handshake:
    case io::SocketError::tls_record:
      return ProbeOutcome::tls_failed;
    case io::SocketError::tls_truncated:
      return ProbeOutcome::response_closed;
    case io::SocketError::none:
    case io::SocketError::refused:
    case io::SocketError::unreachable:
    case io::SocketError::reset:
    case io::SocketError::local_failure:
    case io::SocketError::other:
      return ProbeOutcome::response_reset;
  }
  return ProbeOutcome::response_reset;
}

}  // namespace daruma::health
