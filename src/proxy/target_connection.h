// SPDX-License-Identifier: Apache-2.0
//
// One connection to a target: being opened, carrying requests, or idle in its target's pool. Of
// HTTP/1.1 one request at a time (no pipelining towards targets): it is its own stream. Of HTTP/2
// many (target_http2.h). Opened for the target, not for a request: whichever request waits when it
// is ready takes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/intrusive_list.h"
#include "io/socket.h"
#include "io/timer_wheel.h"
#include "model/reason.h"
#include "model/target.h"
#include "proxy/graveyard.h"
#include "proxy/target_http2.h"
#include "proxy/target_stream.h"
#include "proxy/target_tls.h"
#include "transport/secure_socket.h"

namespace daruma::proxy {

class Exchange;
class TargetState;
struct Environment;
struct IdleConnection {};  // list tags: those that can carry a request now
struct OpenConnection {};
struct AtDoor {};

class TargetConnection final : public Mortal,
                               public ListNode<IdleConnection>,
                               public ListNode<OpenConnection>,
                               public ListNode<AtDoor>,
                               public TargetStream,
                               private io::SocketHandler,
                               private io::TimerHandler {
 public:
  // Begins to open; the target hears on_opened() or on_open_failed(), within 10 s for TCP and 10 s
  // for TLS.
  TargetConnection(Environment& environment, TargetState& target, const Address& address);
  ~TargetConnection() override;

  io::Socket& socket() { return *socket_; }
  TargetState& target() { return target_; }
  const Address& address() const { return address_; }
  model::Protocol protocol() const {
    return secure_ ? model::Protocol::https : model::Protocol::http;
  }

  model::ProtocolVersion version() const { return version_; }
  // Where it speaks HTTP/2, once TCP and TLS are done; else nullptr.
  TargetHttp2* http2() { return http2_.get(); }
  // The target has said that it speaks HTTP/2; or it does not, or has gone.
  void on_introduced();
  void on_not_introduced(model::Reason reason);

  // The TLS handshake, once done; nullptr for plain connections.
  const tls::Session* tls_session() const { return secure_ ? &secure_->session() : nullptr; }
  // As it was set up; null for plain connections.
  const TargetTls* tls() const { return tls_.get(); }
  bool established() const { return established_; }
  Instant began() const { return began_; }
  // How long TCP took, and then TLS; negative: not there (yet), or plain.
  Duration connect_time() const;
  Duration handshake_time() const;
  // Why a handshake failed, in the TLS library's words; "" if none did.
  std::string_view tls_error() const;
  uint64_t requests() const { return requests_; }
  void count_request() { ++requests_; }
  // When it came to the target's door (proxy/governor). REQUIRES: it is there.
  Instant at_door_since() const { return at_door_since_; }
  void come_to_door(Instant now) { at_door_since_ = now; }

  // What the target announced (Keep-Alive: timeout=, max=): seconds it keeps the connection idle,
  // and how many more requests it will take.
  void note_keep_alive(std::string_view value);
  std::optional<Duration> announced_timeout() const { return announced_timeout_; }
  bool exhausted() const { return announced_requests_left_ == 0; }

  // Between requests: false if the target is closing, or says something that nobody asked for. A
  // FIN may have come with the last response's bytes, so that no further event tells of it.
  bool is_quiet();
  // Into the pool, until `idle_deadline`.
  void rest(Instant now, Instant idle_deadline);
  bool rests() const { return rests_; }
  // It carries a request again; of HTTP/2 the first.
  void wake();
  void rest_no_longer_than(Instant deadline) {
    if (deadline < timer_.deadline()) timer_.set(deadline);
  }
  Instant idle_since() const { return idle_since_; }
  // Its request's client has gone: it waits for the answer all the same, until `deadline`.
  void leave_behind(Instant deadline);
  bool left_behind() const { return left_behind_; }

 private:
  void on_connected() override;
  void on_connect_failed() override;
  void on_readable() override;
  void on_writable() override;
  void on_timer(io::Timer& timer) override;
  bool tcp_connected() const { return secure_ ? secure_->tcp_connected() : established_; }
  void opening_timed_out();
  void hear_the_end();
  model::Reason failure() const;

  Environment& environment_;
  TargetState& target_;
  const Address address_;
  const model::ProtocolVersion version_;
  std::shared_ptr<TargetTls> tls_;  // outlives the socket
  std::unique_ptr<io::Socket> socket_;
  transport::SecureSocket* secure_ = nullptr;  // socket_, where it is one
  std::unique_ptr<TargetHttp2> http2_;
  io::Timer timer_;  // until it is open, and while it is idle
  const Instant began_;
  Instant established_at_{};
  Instant at_door_since_{};
  Instant idle_since_{};
  bool established_ = false;
  bool rests_ = false;
  bool left_behind_ = false;
  uint64_t requests_ = 0;
  std::string keep_alive_;  // as last announced: most targets say the same each time
  std::optional<Duration> announced_timeout_;
  int64_t announced_requests_left_ = -1;  // -1: not announced
};

}  // namespace daruma::proxy
