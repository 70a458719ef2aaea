// SPDX-License-Identifier: Apache-2.0
#include "proxy/client_connection.h"

#include <array>

#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/http2_connection.h"
#include "proxy/listener.h"
#include "proxy/refusal.h"

namespace daruma::proxy {
namespace {

constexpr size_t head_read_bytes = 16 * 1024;
// After the last answer a client may still be sending; closing on unread bytes would reset the
// connection and could take the answer away from it.
constexpr Duration linger_timeout = 5s;
constexpr size_t linger_bytes_max = 1024 * 1024;

http::CertificateTelling telling_of(tls::ClientCertificates asked) {
  switch (asked) {
    case tls::ClientCertificates::none:
      return http::CertificateTelling::nothing;
    case tls::ClientCertificates::passthrough:
      return http::CertificateTelling::chain;
    case tls::ClientCertificates::verified:
      break;
  }
  return http::CertificateTelling::verified_leaf;
}

http::ClientFacts facts_of(const io::Socket& socket, const Listener& listener, bool secure) {
  http::ClientFacts facts;
  facts.peer = socket.peer();
  facts.peer_ip = facts.peer.ip();
  facts.listener_port = listener.key().port;
  facts.secure = secure;
  facts.certificate_telling = telling_of(listener.client_authentication().mode);
  return facts;
}

}  // namespace

ClientConnection::ClientConnection(Environment& environment, Listener& listener,
                                   std::unique_ptr<io::Socket> socket,
                                   std::shared_ptr<tls::ServerContext> tls_context)
    : ClientStream(environment.slabs, origin_),
      environment_(environment),
      listener_(listener),
      tls_context_(std::move(tls_context)),
      origin_{.listener = listener,
              .facts = facts_of(*socket, listener, tls_context_ != nullptr),
              .tls_session = nullptr,
              .accepted_at = environment.loop.now(),
              .id = {environment.loop.random().next(), environment.loop.random().next()},
              .verification = listener.verification()},
      parser_(request_limits),
      timer_(environment.loop.timers(), *this) {
  if (!tls_context_) {
    connection_ = std::move(socket);
    socket_ = connection_.get();
    socket_->set_handler(*this);
    if (listener_.load_balancer().connection_log)
      listener_.log_connection(origin_, socket_->local(), Handshake::none, nullptr);
    wait_for_more();
    return;
  }
  state_ = State::handshaking;
  auto secure = transport::SecureSocket::accept(environment.loop, environment.secure, *tls_context_,
                                                std::move(socket), *this);
  secure_ = secure.get();
  connection_ = std::move(secure);
  socket_ = connection_.get();
  timer_.set(origin_.accepted_at + model::limits::tls_handshake_timeout);
}

ClientConnection::~ClientConnection() = default;

Duration ClientConnection::idle_timeout() const {
  return listener_.load_balancer().idle_timeout;
}

void ClientConnection::on_connected() {
  const tls::Session& session = secure_->session();
  listener_.counters().tls_handshakes_total.add();
  if (session.resumed()) listener_.counters().tls_resumptions_total.add();
  origin_.tls_session = &session;
  origin_.facts.tls_version = session.version();
  origin_.facts.tls_cipher = session.cipher();
  origin_.facts.certificate = session.client_certificate();
  if (listener_.load_balancer().connection_log)
    listener_.log_connection(origin_, socket_->local(), Handshake::done, &session);
  if (session.http2_chosen()) return become_http2();
  state_ = State::waiting;
  read_request();
}

void ClientConnection::become_http2() {
  origin_.http2 = true;
  listener_.replace(*this, *new Http2Connection(environment_, origin_, std::move(connection_),
                                                std::move(tls_context_)));
  bury();
}

void ClientConnection::note_failed_handshake() {
  listener_.on_handshake_failed(secure_->session(), origin_.facts.peer);
  if (listener_.load_balancer().connection_log)
    listener_.log_connection(origin_, socket_->local(), Handshake::failed, &secure_->session());
}

void ClientConnection::on_connect_failed() {
  note_failed_handshake();
  if (!secure_->session().peer_spoke_http()) return die();
  // It is told so in its own language.
  connection_ = std::exchange(secure_, nullptr)->give_up_tls();
  socket_ = connection_.get();
  socket_->set_handler(*this);
  first_byte_ = environment_.loop.now();
  refuse({400, model::Reason::plain_http_on_https});
}

void ClientConnection::on_readable() {
  switch (state_) {
    case State::waiting:
      return read_request();
    case State::serving:
      return exchange_->on_client_readable();
    case State::closing:
      return discard_input();
    case State::handshaking:
    case State::dead:
      return;
  }
}

void ClientConnection::on_writable() {
  if (state_ == State::serving) return exchange_->on_client_writable();
  if (state_ != State::closing || socket_->pending_bytes() > 0) return;
  if (!lingers_) return die();
  timer_.set(environment_.loop.now() + linger_timeout);
  discard_input();
}

void ClientConnection::read_request() {
  for (;;) {
    if (!in_.empty()) {
      if (first_byte_ == never) first_byte_ = environment_.loop.now();
      const http::ParseStatus status = parser_.parse(in_.view(), environment_.scratch_head);
      if (status == http::ParseStatus::complete) return begin_exchange();
      if (status != http::ParseStatus::need_more) return refuse(status);
    }
    switch (read_more(head_read_bytes)) {
      case ReadOutcome::bytes:
        continue;
      case ReadOutcome::nothing:
        return wait_for_more();
      case ReadOutcome::ended:
      case ReadOutcome::failed:
        // Who has begun a request and leaves, as who leaves in its body: 400, and a line in the
        // log.
        return in_.empty() ? die() : refuse({400, model::Reason::client_closed});
    }
  }
}

void ClientConnection::wait_for_more() {
  if (in_.empty() && listener_.outdated(origin_)) return begin_closing(After::close);
  if (in_.empty()) {
    first_byte_ = never;
    timer_.set(environment_.loop.now() + idle_timeout());
  } else {
    timer_.set(first_byte_ + model::limits::request_head_timeout);
  }
}

void ClientConnection::begin_exchange() {
  state_ = State::serving;
  parser_.reset();
  exchange_ = &environment_.exchanges.take();
  exchange_->begin(*this, environment_.scratch_head, in_, std::exchange(first_byte_, never));
}

void ClientConnection::refuse(http::ParseStatus status) {
  refuse(refusal_of(status));
}

void ClientConnection::refuse(const Refusal& refusal) {
  state_ = State::serving;
  exchange_ = &environment_.exchanges.take();
  exchange_->begin_refused(*this, refusal, std::exchange(first_byte_, never), in_.size());
}

void ClientConnection::exchange_done(After after) {
  DARUMA_ASSERT(state_ == State::serving);
  exchange_ = nullptr;
  if (after == After::cut) return die();
  if (after != After::keep_alive) return begin_closing(after);
  state_ = State::waiting;
  note_output();
  // A pipelined request is served in its own turn of the stack, not inside the last one's end.
  if (!in_.empty() || socket_->readable()) {
    timer_.set(environment_.loop.now() + idle_timeout());
    environment_.loop.call_soon(*this);
  } else {
    wait_for_more();
  }
}

void ClientConnection::run() {
  if (state_ == State::waiting) read_request();
}

void ClientConnection::begin_closing(After after) {
  state_ = State::closing;
  lingers_ = after == After::linger || !in_.empty() || socket_->readable();
  in_.clear();
  socket_->finish_writing();
  note_output();
  if (!lingers_ && output_seen_ == 0) return die();
  timer_.set(environment_.loop.now() + (output_seen_ > 0 ? idle_timeout() : linger_timeout));
  discard_input();
}

void ClientConnection::discard_input() {
  std::array<char, 4096> waste;
  while (socket_->readable()) {
    const io::IoResult result = socket_->read(waste);
    if (result.status == io::IoStatus::blocked) break;
    if (result.status == io::IoStatus::failed) return die();
    discarded_ += result.bytes;
    if (result.status == io::IoStatus::done && discarded_ <= linger_bytes_max) continue;
    // The client says no more, or too much; it may still be taking its answer.
    if (socket_->pending_bytes() == 0) die();
    return;
  }
}

void ClientConnection::note_output() {
  output_seen_ = socket_->pending_bytes();
}

// An answer is not finished, and its client not idle, while the network takes it.
bool ClientConnection::output_moves() {
  const size_t before = output_seen_;
  note_output();
  return output_seen_ < before;
}

void ClientConnection::on_timer(io::Timer&) {
  switch (state_) {
    case State::handshaking:
      note_failed_handshake();
      return die();
    case State::waiting:
      if (!in_.empty()) return refuse(http::ParseStatus::need_more);
      return output_moves() ? wait_for_more() : die();
    case State::closing:
      if (!output_moves()) return die();
      return timer_.set(environment_.loop.now() + idle_timeout());
    case State::serving:
    case State::dead:
      return;
  }
}

void ClientConnection::retire() {
  if (state_ == State::handshaking) return die();
  // What has arrived is looked at first.
  if (state_ == State::waiting) environment_.loop.call_soon(*this);
}

void ClientConnection::stop_now() {
  // Told once more, an exchange whose answer the client does not take is cut off.
  while (state_ == State::serving) exchange_->on_node_stopping();
  if (state_ != State::dead) die();
}

void ClientConnection::die() {
  DARUMA_ASSERT(!exchange_);
  if (state_ == State::dead) return;
  ListNode<AcceptedConnection>::unlink();
  bury();
  listener_.on_connection_closed();
}

void ClientConnection::bury() {
  state_ = State::dead;
  timer_.clear();
  environment_.graveyard.bury(*this);
}

}  // namespace daruma::proxy
