// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_connection.h"

#include "base/bytes.h"
#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/target_state.h"

namespace daruma::proxy {

TargetConnection::TargetConnection(Environment& environment, TargetState& target,
                                   const Address& address)
    : TargetStream(environment.slabs, *this),
      environment_(environment),
      target_(target),
      address_(address),
      version_(target.version()),
      timer_(environment.loop.timers(), *this),
      began_(environment.loop.now()) {
  timer_.set(began_ + model::limits::connect_timeout);
  if (target.protocol() == model::Protocol::http) {
    socket_ = environment.loop.connect(address, *this);
    stream_socket_ = socket_.get();
    return;
  }
  const auto offer =
      version_ == model::ProtocolVersion::http1 ? tls::AlpnOffer::nothing : tls::AlpnOffer::http2;
  tls_ = target.tls();
  auto secure =
      transport::SecureSocket::connect(environment.loop, environment.secure, *tls_->context,
                                       &tls_->sessions, address, tls_->server_name, *this, offer);
  secure_ = secure.get();
  socket_ = std::move(secure);
  stream_socket_ = socket_.get();
}

TargetConnection::~TargetConnection() = default;

void TargetConnection::note_keep_alive(std::string_view value) {
  if (value == keep_alive_) return;
  keep_alive_ = value;
  for_each_list_element(value, [&](std::string_view parameter) {
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view name = trim_ows(parameter.substr(0, equals));
    const std::optional<uint64_t> number = parse_decimal(trim_ows(parameter.substr(equals + 1)));
    if (!number) return;
    if (ascii_iequals(name, "timeout"))
      announced_timeout_ = std::chrono::seconds(std::min<uint64_t>(*number, 86400));
    if (ascii_iequals(name, "max"))
      announced_requests_left_ = static_cast<int64_t>(std::min<uint64_t>(*number, 1u << 30));
  });
}

void TargetConnection::rest(Instant now, Instant idle_deadline) {
  end_use();
  rests_ = true;
  idle_since_ = now;
  timer_.set(idle_deadline);
}

void TargetConnection::wake() {
  rests_ = false;
  if (http2_) timer_.clear();
}

void TargetConnection::on_connected() {
  if (version_ != model::ProtocolVersion::http1) {
    if (secure_ && !secure_->session().http2_chosen())
      return target_.on_open_failed(*this, model::Reason::target_not_http2);
    http2_ = std::make_unique<TargetHttp2>(environment_, *this);
    return;
  }
  on_introduced();
}

void TargetConnection::on_not_introduced(model::Reason reason) {
  target_.on_open_failed(*this, reason == model::Reason::target_http2_error
                                    ? reason
                                    : model::Reason::target_connection_reset);
}

void TargetConnection::on_introduced() {
  established_ = true;
  established_at_ = environment_.loop.now();
  timer_.clear();
  target_.on_opened(*this);
}

Duration TargetConnection::connect_time() const {
  if (!tcp_connected()) return Duration(-1);
  return (secure_ ? secure_->tcp_connected_at() : established_at_) - began_;
}

Duration TargetConnection::handshake_time() const {
  if (!secure_ || !established_) return Duration(-1);
  return established_at_ - secure_->tcp_connected_at();
}

std::string_view TargetConnection::tls_error() const {
  return secure_ && tcp_connected() && !established_ ? secure_->error_text() : "";
}

void TargetConnection::on_connect_failed() {
  target_.on_open_failed(*this, failure());
}

model::Reason TargetConnection::failure() const {
  if (tcp_connected()) {
    switch (secure_->session().certificate_problem()) {
      case tls::CertificateProblem::none:
        return model::Reason::target_tls_handshake_failed;
      case tls::CertificateProblem::expired:
        return model::Reason::target_certificate_expired;
      case tls::CertificateProblem::untrusted:
        return model::Reason::target_certificate_untrusted;
      case tls::CertificateProblem::wrong_name:
        return model::Reason::target_certificate_wrong_name;
    }
  }
  switch (socket_->error()) {
    case io::SocketError::refused:
      return model::Reason::target_connection_refused;
    case io::SocketError::timed_out:
      return model::Reason::target_connect_timeout;
    case io::SocketError::unreachable:
      return model::Reason::target_unreachable;
    case io::SocketError::local_failure:
      return model::Reason::node_out_of_resources;
    case io::SocketError::reset:
    case io::SocketError::tls_handshake:
    case io::SocketError::tls_record:
    case io::SocketError::tls_truncated:
    case io::SocketError::none:
    case io::SocketError::other:
      break;
  }
  return model::Reason::target_connection_reset;
}

void TargetConnection::leave_behind(Instant deadline) {
  left_behind_ = true;
  timer_.set(deadline);
}

void TargetConnection::on_readable() {
  if (user_) return user_->on_target_readable();
  if (http2_) return http2_->on_readable();
  if (left_behind_) return hear_the_end();
  if (established_ && !is_quiet()) target_.on_idle_closed(*this);
}

void TargetConnection::hear_the_end() {
  char probe[64];
  const io::IoStatus status = socket_->read(probe).status;
  if (status == io::IoStatus::blocked) return;
  target_.on_left_behind_over(*this, status == io::IoStatus::done);
}

bool TargetConnection::is_quiet() {
  if (!socket_->readable()) return true;
  // TLS may bring session tickets, which are not data: then nothing is read and the connection is
  // good.
  char probe[64];
  return socket_->read(probe).status == io::IoStatus::blocked;
}

void TargetConnection::on_writable() {
  if (http2_) return http2_->on_writable();
  if (user_) user_->on_target_writable();
}

void TargetConnection::on_timer(io::Timer&) {
  if (!established_) return opening_timed_out();
  if (left_behind_) return target_.discard(*this);
  if (rests_) target_.on_rested_out(*this);
}

void TargetConnection::opening_timed_out() {
  if (!tcp_connected()) return target_.on_open_failed(*this, model::Reason::target_connect_timeout);
  // TCP took part of the first deadline; the handshake has its own.
  const Instant deadline = secure_->tcp_connected_at() + model::limits::tls_handshake_timeout;
  if (environment_.loop.now() < deadline) return timer_.set(deadline);
  target_.on_open_failed(*this, model::Reason::target_tls_handshake_timeout);
}

}  // namespace daruma::proxy
