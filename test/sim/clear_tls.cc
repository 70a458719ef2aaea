// SPDX-License-Identifier: Apache-2.0
//
// The contract of tls/session.h and tls/context.h without cryptography, for programs whose runs
// must replay: linked in the stead of src/tls. The same flights as TLS 1.3 (hello, answer,
// finished), the same records and close_notify, in clear; no resumption. ALPN knows HTTP/2 or
// nothing: the hello holds "h2" where the client offers it, the answer where the server takes it.
//
// A record is its type, two bytes of length, and that many bytes.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tls/context.h"
#include "tls/session.h"

namespace daruma::tls {
namespace {

constexpr size_t header_bytes = 3;
constexpr std::string_view http2_name = "h2";
enum : char { hello = 'h', answer = 'a', finished = 'f', data = 'd', notify = 'n' };

void append_record(Buffer& to, char type, std::string_view bytes) {
  const char header[header_bytes] = {type, static_cast<char>(bytes.size() >> 8),
                                     static_cast<char>(bytes.size() & 0xff)};
  to.append({header, header_bytes});
  to.append(bytes);
}

}  // namespace

struct SessionState {
  bool server = false;
  bool knows_http2 = false;  // takes it, or offers it
  bool http2_chosen = false;
  bool hello_sent = false;
  std::string input;
  size_t used = 0;         // of input
  size_t record_left = 0;  // of the data record that is being read

  size_t left() const { return input.size() - used; }
  void drop_used() { input.erase(0, std::exchange(used, 0)); }
  // The next record's type if all of its header is there, else 0.
  char next() const { return left() >= header_bytes ? input[used] : '\0'; }
  size_t next_size() const {
    return static_cast<size_t>(static_cast<uint8_t>(input[used + 1])) << 8 |
           static_cast<uint8_t>(input[used + 2]);
  }
  std::string_view http2_word() const { return knows_http2 ? http2_name : ""; }
  // All of the next record is there; handshakes are read as a whole.
  bool next_is_whole() const { return next() != '\0' && left() >= header_bytes + next_size(); }
  std::string_view next_text() const {
    return std::string_view(input).substr(used + header_bytes, next_size());
  }
};

struct ClientContext::Implementation {};
struct ServerContext::Implementation {
  Alpn alpn;
};

ClientContext::ClientContext(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ClientContext::~ClientContext() = default;
Result<std::unique_ptr<ClientContext>> ClientContext::create(const ClientOptions&) {
  return std::unique_ptr<ClientContext>(new ClientContext(std::make_unique<Implementation>()));
}

ServerContext::ServerContext(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ServerContext::~ServerContext() = default;
Result<std::unique_ptr<ServerContext>> ServerContext::create(std::span<const CertificateText>,
                                                             std::string_view, const TicketKeys&,
                                                             Alpn alpn, ClientAuthentication) {
  auto implementation = std::make_unique<Implementation>(Implementation{alpn});
  return std::unique_ptr<ServerContext>(new ServerContext(std::move(implementation)));
}
void ServerContext::set_ticket_keys(const TicketKeys&) {}

SessionCache::~SessionCache() = default;

Session::Session(SSL_CTX*, std::unique_ptr<SessionState> state)
    : state_(std::move(state)), ssl_(nullptr) {}
Session::~Session() = default;

std::unique_ptr<Session> Session::accept(ServerContext& context) {
  auto state = std::make_unique<SessionState>();
  state->server = true;
  state->knows_http2 = context.implementation().alpn == Alpn::http2_and_http1;
  return std::unique_ptr<Session>(new Session(nullptr, std::move(state)));
}

std::unique_ptr<Session> Session::connect(ClientContext&, SessionCache*, std::string_view,
                                          AlpnOffer offer) {
  auto state = std::make_unique<SessionState>();
  state->knows_http2 = offer == AlpnOffer::http2;
  return std::unique_ptr<Session>(new Session(nullptr, std::move(state)));
}

void Session::feed(std::string_view bytes) {
  state_->input.append(bytes);
}

void Session::release_input() {
  state_->drop_used();
}

size_t Session::input_pending() const {
  return state_->left();
}

bool Session::readable() const {
  return state_->left() > 0 && (state_->record_left > 0 || state_->next() != '\0');
}

SessionResult Session::handshake(Buffer& ciphertext) {
  SessionState& state = *state_;
  if (!state.server && !std::exchange(state.hello_sent, true))
    append_record(ciphertext, hello, state.http2_word());
  while (!established_) {
    const char type = state.next();
    if (type == '\0') return {SessionStatus::want_input};
    if (state.server ? type != hello && type != finished : type != answer) {
      error_text_ = "not a handshake";
      return {SessionStatus::failed};
    }
    if (!state.next_is_whole()) return {SessionStatus::want_input};
    if (type != finished) state.http2_chosen = state.knows_http2 && state.next_text() == http2_name;
    state.used += header_bytes + state.next_size();
    if (type == hello)
      append_record(ciphertext, answer, state.http2_chosen ? http2_name : std::string_view());
    if (type == answer) append_record(ciphertext, finished, {});
    established_ = type != hello;
  }
  state.drop_used();
  return {SessionStatus::done};
}

SessionResult Session::read(std::span<char> plain, Buffer&) {
  SessionState& state = *state_;
  size_t moved = 0;
  while (moved < plain.size()) {
    if (state.record_left == 0) {
      const char type = state.next();
      if (type == notify) {
        if (moved > 0) break;
        return {SessionStatus::closed};
      }
      if (type != data) break;
      state.record_left = state.next_size();
      state.used += header_bytes;
    }
    const size_t n = std::min({state.record_left, state.left(), plain.size() - moved});
    if (n == 0) break;
    state.input.copy(plain.data() + moved, n, state.used);
    state.used += n;
    state.record_left -= n;
    moved += n;
  }
  state.drop_used();
  if (moved > 0) return {SessionStatus::done, moved};
  return {SessionStatus::want_input};
}

SessionResult Session::write(std::string_view plain, Buffer& ciphertext) {
  DARUMA_ASSERT(established_);
  for (size_t at = 0; at < plain.size(); at += record_bytes_max)
    append_record(ciphertext, data, plain.substr(at, record_bytes_max));
  return {SessionStatus::done, plain.size()};
}

void Session::close_notify(Buffer& ciphertext) {
  append_record(ciphertext, notify, {});
}

std::string_view Session::version() const {
  return "TLSv1.3";
}
std::string_view Session::cipher() const {
  return "none";
}
bool Session::resumed() const {
  return false;
}
bool Session::http2_chosen() const {
  return state_->http2_chosen;
}
std::string_view Session::server_name() const {
  return "";
}
std::string_view Session::certificate_name() const {
  return "";
}
std::string_view Session::group() const {
  return "";
}
ClientCertificate Session::presented_certificate() const {
  return {};
}
ClientCertificateProblem Session::client_certificate_problem() const {
  return ClientCertificateProblem::none;
}
CertificateProblem Session::certificate_problem() const {
  return CertificateProblem::none;
}
bool Session::peer_spoke_http() const {
  return false;
}

}  // namespace daruma::tls
