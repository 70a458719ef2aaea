// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_connection.h"

#include "base/bytes.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/target_state.h"

namespace daruma::proxy {

TargetConnection::TargetConnection(Environment& environment, TargetState& target,
                                   const Address& address, Exchange& user)
    : environment_(environment),
      target_(target),
      address_(address),
      user_(&user),
      in_(environment.slabs),
      idle_timer_(environment.loop.timers(), *this) {
  if (target.protocol() == model::Protocol::http) {
    socket_ = environment.loop.connect(address, *this);
    return;
  }
  // An ALB sends no SNI to targets.
  auto secure = transport::SecureSocket::connect(environment.loop, environment.secure,
                                                 *environment.client_tls, &target.sessions(),
                                                 address, "", *this);
  secure_ = secure.get();
  socket_ = std::move(secure);
}

TargetConnection::~TargetConnection() = default;

bool TargetConnection::tcp_connected() const {
  return secure_ ? secure_->tcp_connected() : established_;
}

void TargetConnection::lend(Exchange& user) {
  DARUMA_ASSERT(!user_);
  DARUMA_ASSERT(in_.empty());
  user_ = &user;
  parser_.reset();
}

void TargetConnection::note_keep_alive(std::string_view value) {
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

void TargetConnection::rest(Instant idle_deadline) {
  user_ = nullptr;
  idle_timer_.set(idle_deadline);
}

void TargetConnection::on_connected() {
  established_ = true;
  if (user_) user_->on_target_connected();
}

void TargetConnection::on_connect_failed() {
  failed_ = true;
  if (user_) user_->on_target_connect_failed();
}

void TargetConnection::on_readable() {
  if (user_) return user_->on_target_readable();
  if (!is_quiet()) target_.discard(*this);
}

bool TargetConnection::is_quiet() {
  if (!socket_->readable()) return true;
  // TLS may bring session tickets, which are not data: then nothing is read and the connection is
  // good.
  char probe[64];
  return socket_->read(probe).status == io::IoStatus::blocked;
}

void TargetConnection::on_writable() {
  if (user_) user_->on_target_writable();
}

void TargetConnection::on_timer(io::Timer&) {
  if (!user_) target_.discard(*this);
}

}  // namespace daruma::proxy
