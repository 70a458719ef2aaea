// SPDX-License-Identifier: Apache-2.0
#include "health/probe.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "health/probe_http2.h"
#include "model/limits.h"

namespace daruma::health {
namespace {

constexpr size_t read_bytes = 4 * 1024;

constexpr std::string_view health_service_path = "/grpc.health.v1.Health/Check";
// A message's head, and a HealthCheckResponse that says SERVING: field 1, 1.
constexpr size_t message_head_bytes = 5;
constexpr std::string_view serving("\x08\x01", 2);
constexpr size_t message_bytes_looked_at = 64;
constexpr std::string_view empty_message("\0\0\0\0\0", message_head_bytes);

std::string grpc_request_text(const ProbeRequest& request) {
  return ("POST " + request.path + " HTTP/1.1\r\nHost: " + request.host +
          "\r\nContent-Type: application/grpc\r\nTE: trailers\r\n"
          "User-Agent: ELB-HealthChecker/2.0\r\nContent-Length: 5\r\n\r\n")
      .append(empty_message);
}

std::string request_text(const ProbeRequest& request) {
  if (request.version == model::ProtocolVersion::grpc) return grpc_request_text(request);
  return "GET " + request.path + " HTTP/1.1\r\nHost: " + request.host +
         "\r\nUser-Agent: ELB-HealthChecker/2.0\r\n" +
         (request.status_path.empty() ? "Connection: close\r\n\r\n" : "\r\n");
}

// Of "name: value" CRLF lines with names in lower case; "" if it is not there.
std::string_view trailer_value(std::string_view trailers, std::string_view name) {
  while (!trailers.empty()) {
    const size_t end = std::min(trailers.find("\r\n"), trailers.size());
    const std::string_view line = trailers.substr(0, end);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':'))
      return trim_ows(line.substr(name.size() + 1));
    trailers.remove_prefix(std::min(end + 2, trailers.size()));
  }
  return {};
}

// -1: no code at all.
int grpc_code_of(std::string_view text) {
  const std::optional<uint64_t> code = parse_decimal(text);
  return code && *code <= 99 ? static_cast<int>(*code) : -1;
}

ProbeOutcome tls_failure(tls::CertificateProblem problem) {
  switch (problem) {
    case tls::CertificateProblem::none:
      return ProbeOutcome::tls_failed;
    case tls::CertificateProblem::expired:
      return ProbeOutcome::certificate_expired;
    case tls::CertificateProblem::untrusted:
      return ProbeOutcome::certificate_untrusted;
    case tls::CertificateProblem::wrong_name:
      return ProbeOutcome::certificate_wrong_name;
  }
  return ProbeOutcome::tls_failed;
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
      slabs_(environment.slabs),
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
  const auto offer = request_.version == model::ProtocolVersion::http1 ? tls::AlpnOffer::nothing
                                                                       : tls::AlpnOffer::http2;
  auto secure =
      transport::SecureSocket::connect(loop_, environment.secure, environment.tls, &sessions,
                                       request_.address, request_.server_name, *this, offer);
  secure_ = secure.get();
  socket_ = std::move(secure);
}

Probe::~Probe() = default;

void Probe::on_connected() {
  step_ = Step::response_head;
  result_.local = socket_->local();
  if (request_.version != model::ProtocolVersion::http1) {
    if (secure_ != nullptr && !secure_->session().http2_chosen()) {
      settle(ProbeOutcome::not_http2);
      return finish();
    }
    const std::string request = std::exchange(unsent_, "");
    http2_ = std::make_unique<ProbeHttp2>(slabs_, secure_ ? "https" : "http", request);
  }
  write_request();
}

void Probe::on_connect_failed() {
  settle(connect_failure());
  finish();
}

void Probe::on_writable() {
  write_request();
}

// False: that was the end, and this may be no more.
bool Probe::write_request() {
  if (http2_) http2_->fill(unsent_);
  while (!unsent_.empty()) {
    const io::IoResult written = socket_->write(unsent_);
    switch (written.status) {
      case io::IoStatus::done:
        unsent_.erase(0, written.bytes);
        break;
      case io::IoStatus::blocked:
        return true;
      case io::IoStatus::end:
      case io::IoStatus::failed:
        settle(connection_failure());
        finish();
        return false;
    }
  }
  return true;
}

void Probe::on_readable() {
  std::array<char, read_bytes> bytes;
  for (;;) {
    const io::IoResult got = socket_->read(bytes);
    switch (got.status) {
      case io::IoStatus::done:
        if (take_bytes({bytes.data(), got.bytes}) == Progress::done) return finish();
        if (!write_request()) return;
        // A FIN that came with the last bytes raises no event of its own.
        if (!socket_->readable()) return;
        break;
      case io::IoStatus::blocked:
        return;
      case io::IoStatus::end:
        take_end();
        return finish();
      case io::IoStatus::failed:
        settle(connection_failure());
        return finish();
    }
  }
}

Probe::Progress Probe::take_bytes(std::string_view bytes) {
  if (!http2_) {
    in_.append(bytes);
    return take_input();
  }
  http2_->receive(bytes, in_);
  if (take_input() == Progress::done) return Progress::done;
  if (!http2_->failed()) return Progress::more;
  settle(ProbeOutcome::response_malformed);
  return Progress::done;
}

// Nothing may come after the answer to the first question before the second one was asked.
Probe::Progress Probe::take_input() {
  if (take_answer() == Progress::more) return Progress::more;
  if (!may_ask_for_status()) return Progress::done;
  ask_for_status();
  return Progress::more;
}

Probe::Progress Probe::take_answer() {
  if (step_ == Step::response_head && take_head() == Progress::done) return Progress::done;
  if (step_ != Step::body) return Progress::more;
  return question_ == Question::health ? take_body() : take_status();
}

void Probe::take_end() {
  const bool whole = step_ == Step::body && body_.finish_at_close();
  if (whole && question_ == Question::status) result_.status_page.end = StatusPage::End::whole;
  settle(whole ? ProbeOutcome::body_mismatch : ProbeOutcome::response_closed);
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
  if (question_ == Question::health) {
    judge(head);
  } else {
    result_.status_page.code = head.status;
  }
  body_.begin(head.framing, head.content_length);
  in_.consume(head.wire_bytes);
  step_ = Step::body;
  return Progress::more;
}

void Probe::judge(const http::ResponseHead& head) {
  result_.status = head.status;
  if (request_.version == model::ProtocolVersion::grpc) {
    const http::Field* code = head.fields.find("grpc-status");
    if (code != nullptr) grpc_code_ = grpc_code_of(code->value);
    if (code == nullptr && head.status != 200) settle(ProbeOutcome::code_mismatch);
  } else if (!request_.matcher.matches(head.status)) {
    settle(ProbeOutcome::code_mismatch);
  } else if (request_.body.empty()) {
    settle(ProbeOutcome::passed);
  }
  kept_open_ = head.keep_alive && head.framing != http::Framing::until_close;
}

// Where neither a text is looked for nor a call of gRPC judged, the body says nothing about health.
// It is read, up to a limit, because a target that is cut off while it answers would log an error
// for every probe.
Probe::Progress Probe::take_body() {
  const bool grpc = request_.version == model::ProtocolVersion::grpc;
  while (!body_.finished()) {
    const http::H1BodyReader::Piece piece = body_.next(in_.view());
    if (grpc) {
      message_.append(piece.payload.substr(0, message_bytes_looked_at - message_.size()));
    } else if (!settled_ && holds_text(piece.payload)) {
      settle(ProbeOutcome::passed);
    }
    in_.consume(piece.consumed);
    body_bytes_ += piece.consumed;
    if (piece.status == http::BodyStatus::malformed)
      return end_body(ProbeOutcome::response_malformed);
    if (body_bytes_ >= model::limits::health_check_body_bytes_max)
      return end_body(grpc ? ProbeOutcome::response_malformed : ProbeOutcome::body_mismatch);
    if (piece.consumed == 0 && piece.status == http::BodyStatus::more) return Progress::more;
  }
  if (grpc && !settled_) judge_call();
  return end_body(ProbeOutcome::body_mismatch);
}

// Unless it is judged already.
Probe::Progress Probe::end_body(ProbeOutcome outcome) {
  settle(outcome);
  return Progress::done;
}

bool Probe::holds_text(std::string_view piece) {
  tail_.append(piece);
  if (tail_.find(request_.body) != std::string::npos) return true;
  const size_t kept = std::min(tail_.size(), request_.body.size() - 1);
  tail_.erase(0, tail_.size() - kept);
  return false;
}

// A call of gRPC is over: its code stands in the trailers or, where it failed at once, in the head.
void Probe::judge_call() {
  const std::string_view trailer = trailer_value(body_.trailers(), "grpc-status");
  if (!trailer.empty()) grpc_code_ = grpc_code_of(trailer);
  if (grpc_code_ < 0) return settle(ProbeOutcome::response_malformed);
  result_.status = grpc_code_;
  bool good = request_.matcher.matches(grpc_code_);
  if (grpc_code_ == 0 && request_.path == health_service_path)
    good = good && std::string_view(message_)
                       .substr(std::min(message_.size(), message_head_bytes))
                       .starts_with(serving);
  settle(good ? ProbeOutcome::passed : ProbeOutcome::code_mismatch);
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
  say_goodbye();
  secure_ = nullptr;
  socket_.reset();
  const ProbeResult result = result_;
  handler_.on_probe_done(result);
}

// HTTP/2's, as far as the network takes it.
void Probe::say_goodbye() {
  if (!http2_ || !unsent_.empty()) return;
  http2_->end();
  http2_->fill(unsent_);
  socket_->write(unsent_);
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
      return tls_failure(secure_->session().certificate_problem());
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
