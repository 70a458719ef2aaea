// SPDX-License-Identifier: Apache-2.0
#include "tls/session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "tls/certificate.h"
#include "tls/client_context.h"
#include "tls/client_verification.h"
#include "tls/library.h"
#include "tls/server_context.h"
#include "tls/session_bio.h"
#include "tls/session_state.h"

namespace daruma::tls {
namespace {

// What a client may make of TLS itself once the handshake is over, in steps of the library's state
// machine: so many, and another for each so many bytes of plaintext. A change of keys takes about
// three; it costs as much as encrypting thousands of bytes and is asked for with some thirty.
constexpr uint32_t steps_max = 100;
constexpr uint64_t bytes_per_step = 16 * 1024;

std::string_view text_or_empty(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

class Session::Call {
 public:
  Call(SessionState& state, Buffer& ciphertext) : state_(state) {
    DARUMA_ASSERT(state.output == nullptr);
    state.output = &ciphertext;
    // What another connection of this thread left would be taken for ours. There is hardly ever
    // anything, and clearing walks over the whole queue to find that out.
    if (ERR_peek_error() != 0) ERR_clear_error();
  }
  ~Call() { state_.output = nullptr; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  SessionState& state_;
};

Session::Session(SSL_CTX* context, std::unique_ptr<SessionState> state)
    : state_(std::move(state)), ssl_(SSL_new(context)) {
  DARUMA_ASSERT(ssl_ != nullptr);
}

std::unique_ptr<Session> Session::accept(ServerContext& context) {
  ServerContext::Implementation& shared = context.implementation();
  auto state = std::make_unique<SessionState>();
  state->ticket_keys = &shared.ticket_keys;
  if (shared.clients.mode != ClientCertificates::none) state->authentication = &shared.clients;
  std::unique_ptr<Session> session(new Session(shared.context.get(), std::move(state)));
  attach_bio(session->ssl_, shared.bio_method.get(), *session->state_);
  SSL_set_accept_state(session->ssl_);
  return session;
}

std::unique_ptr<Session> Session::connect(ClientContext& context, SessionCache* cache,
                                          std::string_view server_name, AlpnOffer offer) {
  ClientContext::Implementation& shared = context.implementation();
  auto state = std::make_unique<SessionState>();
  state->cache = cache;
  std::unique_ptr<Session> session(new Session(shared.context.get(), std::move(state)));
  SSL* ssl = session->ssl_;
  attach_bio(ssl, shared.bio_method.get(), *session->state_);
  SSL_set_connect_state(ssl);
  allow_renegotiation_by_server(ssl);
  const std::string name(server_name);
  bool is_address = false;
  if (shared.verify) {
    DARUMA_ASSERT(!name.empty());  // or any certificate would do
    is_address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
    ERR_clear_error();
    if (!is_address) DARUMA_ASSERT(SSL_set1_host(ssl, name.c_str()) == 1);
  }
  if (!name.empty() && !is_address) SSL_set_tlsext_host_name(ssl, name.c_str());
  if (offer == AlpnOffer::http2) {
    constexpr std::array<unsigned char, 3> protocols{2, 'h', '2'};
    DARUMA_ASSERT(SSL_set_alpn_protos(ssl, protocols.data(), protocols.size()) == 0);
  }
  SSL_SESSION* former = cache == nullptr ? nullptr : cache->take();
  if (former != nullptr) {
    SSL_set_session(ssl, former);
    SSL_SESSION_free(former);
  }
  return session;
}

Session::~Session() {
  // A connection that was cut is no reason to forget the session; the library would mark it as not
  // resumable. After a protocol error it is one.
  if (established_ && end_ != SessionStatus::failed) {
    SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  SSL_free(ssl_);
}

void Session::feed(std::string_view bytes) {
  DARUMA_ASSERT(state_->input.empty());
  state_->input = bytes;
}

void Session::release_input() {
  if (state_->input.empty() || state_->kept) return;
  const size_t size = state_->input.size();
  state_->kept = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(state_->kept.get(), state_->input.data(), size);
  state_->input = {state_->kept.get(), size};
}

size_t Session::input_pending() const {
  return state_->input.size();
}

bool Session::readable() const {
  return end_ != SessionStatus::done || !state_->input.empty() || SSL_pending(ssl_) > 0;
}

SessionStatus Session::status_of(int returned) {
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
      return SessionStatus::want_input;
    case SSL_ERROR_ZERO_RETURN:
      return SessionStatus::closed;
    default:
      state_->client_problem = client_problem_of(ssl_, ERR_peek_last_error());
      error_text_ = take_error_text();
      return SessionStatus::failed;
  }
}

SessionResult Session::handshake(Buffer& ciphertext) {
  if (end_ != SessionStatus::done) return {end_};
  const Call call(*state_, ciphertext);
  const int returned = SSL_do_handshake(ssl_);
  if (returned == 1) {
    if (state_->authentication != nullptr) {
      auto told = client_certificate_of(ssl_);
      if (!told) {
        state_->client_problem = ClientCertificateProblem::invalid;
        error_text_ = told.error().message;
        return {end_ = SessionStatus::failed};
      }
      client_certificate_ = std::move(*told);
    }
    established_ = true;
    record_bytes_ = tls::record_bytes_max(ssl_);
    state_->steps = 0;
    keep_renewed_ticket();
    return {SessionStatus::done};
  }
  SessionStatus status = status_of(returned);
  if (status == SessionStatus::closed) {
    error_text_ = "the peer gave up the handshake";
    status = SessionStatus::failed;
  }
  if (status == SessionStatus::failed) end_ = status;
  if (certificate_problem() != CertificateProblem::none)
    error_text_ = X509_verify_cert_error_string(SSL_get_verify_result(ssl_));
  return {status};
}

// A ticket that came with a resumed handshake of TLS 1.2 is not announced by the library.
void Session::keep_renewed_ticket() {
  if (state_->cache == nullptr || !resumed() || SSL_version(ssl_) >= TLS1_3_VERSION) return;
  state_->cache->put(SSL_get1_session(ssl_));
}

SessionResult Session::read(std::span<char> plain, Buffer& ciphertext) {
  DARUMA_ASSERT(established_);
  // Whoever reads on until nothing is left asks in vain as often as not.
  if (end_ == SessionStatus::done && !readable() && !state_->ticket_came) {
    return {SessionStatus::want_input};
  }
  const Call call(*state_, ciphertext);
  size_t moved = 0;
  while (end_ == SessionStatus::done && moved < plain.size()) {
    // Asking the library in vain would cost an allocation.
    if (state_->input.empty() && SSL_pending(ssl_) == 0) break;
    const int returned =
        SSL_read(ssl_, plain.data() + moved,
                 static_cast<int>(std::min<size_t>(plain.size() - moved, 1 << 30)));
    if (returned > 0) {
      moved += static_cast<size_t>(returned);
      continue;
    }
    const SessionStatus status = status_of(returned);
    if (status == SessionStatus::want_input) break;
    end_ = status;
  }
  bytes_read_ += moved;
  if (end_ == SessionStatus::done && too_many_steps()) {
    error_text_ = "too many key updates";
    end_ = SessionStatus::failed;
  }
  if (std::exchange(state_->ticket_came, false)) release_write_buffer(ssl_);
  if (moved > 0) return {SessionStatus::done, moved};
  return {end_ == SessionStatus::done ? SessionStatus::want_input : end_};
}

bool Session::too_many_steps() const {
  return state_->steps > steps_max && state_->steps - steps_max > bytes_read_ / bytes_per_step;
}

SessionResult Session::write(std::string_view plain, Buffer& ciphertext) {
  DARUMA_ASSERT(established_);
  const Call call(*state_, ciphertext);
  size_t moved = 0;
  while (moved < plain.size()) {
    const size_t size = std::min(plain.size() - moved, record_bytes_);
    const int returned = SSL_write(ssl_, plain.data() + moved, static_cast<int>(size));
    if (returned > 0) {
      moved += static_cast<size_t>(returned);
      continue;
    }
    const SessionStatus status = status_of(returned);
    return {status == SessionStatus::want_input ? status : SessionStatus::failed, moved};
  }
  return {SessionStatus::done, moved};
}

void Session::close_notify(Buffer& ciphertext) {
  if (end_ == SessionStatus::failed || !established_) return;
  const Call call(*state_, ciphertext);
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string_view Session::version() const {
  return text_or_empty(SSL_get_version(ssl_));
}

std::string_view Session::cipher() const {
  return text_or_empty(SSL_CIPHER_get_name(SSL_get_current_cipher(ssl_)));
}

std::string_view Session::group() const {
  return text_or_empty(group_name(ssl_));
}

bool Session::resumed() const {
  return SSL_session_reused(ssl_) == 1;
}

bool Session::http2_chosen() const {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &size);
  return std::string_view(reinterpret_cast<const char*>(protocol), size) == "h2";
}

std::string_view Session::server_name() const {
  return text_or_empty(SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name));
}

std::string_view Session::certificate_name() const {
  return state_->chosen == nullptr ? std::string_view() : std::string_view(state_->chosen->name);
}

CertificateProblem Session::certificate_problem() const {
  if (established_ || SSL_get_verify_mode(ssl_) == SSL_VERIFY_NONE) return CertificateProblem::none;
  switch (SSL_get_verify_result(ssl_)) {
    case X509_V_OK:
      return CertificateProblem::none;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return CertificateProblem::expired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return CertificateProblem::wrong_name;
    default:
      return CertificateProblem::untrusted;
  }
}

ClientCertificate Session::presented_certificate() const {
  return state_->authentication ? presented_certificate_of(ssl_) : ClientCertificate{};
}

ClientCertificateProblem Session::client_certificate_problem() const {
  return established_ ? ClientCertificateProblem::none : state_->client_problem;
}

// A TLS record starts with a content type below 32, a request with a method in capitals.
bool Session::peer_spoke_http() const {
  if (established_ || state_->first_bytes_count < state_->first_bytes.size()) return false;
  const std::string_view first(state_->first_bytes.data(), state_->first_bytes.size());
  const size_t letters = static_cast<size_t>(
      std::ranges::find_if_not(first, [](char c) { return c >= 'A' && c <= 'Z'; }) - first.begin());
  return letters == first.size() || (letters >= 3 && first[letters] == ' ');
}

}  // namespace daruma::tls
