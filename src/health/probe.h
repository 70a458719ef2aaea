// SPDX-License-Identifier: Apache-2.0
//
// One health-check probe: connect, TLS if wanted, `GET path`, compare the status code, close (or
// ask for a status page first). Each is a new connection, as an ALB's. By gRPC: a call of that path
// with an empty message, and the code is grpc-status; where the path is that of grpc.health.v1
// (gRPC, "Health Checking Protocol"), the answer must say SERVING besides. Owned by whoever waits
// for it; belongs to one thread.
#pragma once

#include <memory>
#include <string>

#include "base/buffer.h"
#include "health/probe_result.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "io/loop.h"
#include "model/target.h"
#include "tls/context.h"
#include "transport/secure_socket.h"

namespace daruma::health {

// What all probes of a thread share; outlives them.
struct ProbeEnvironment {
  io::Loop& loop;
  SlabPool& slabs;
  transport::SecureTransport& secure;
  tls::ClientContext& tls;
};

struct ProbeRequest {
  model::Protocol protocol = model::Protocol::http;
  model::ProtocolVersion version = model::ProtocolVersion::http1;
  Address address{};
  std::string host{};  // the Host field's value
  std::string path = "/";
  Duration timeout = 5s;  // for all of it: connecting, handshake, response
  model::CodeMatcher matcher{};
  std::string body{};         // a text that the body must hold; "": any will do
  std::string server_name{};  // for TLS: SNI, and what the certificate must be for
  // Asked for next, over the same connection, if the probe passes and the target keeps it open: who
  // is full is asked without another place. "": nothing. REQUIRES: HTTP/1.
  std::string status_path{};
};

// Value of the Host field: the port is left out where it is 80 or 443, as an ALB's probe does.
std::string probe_host(const std::string& target_id, uint16_t port);

class ProbeHttp2;

class ProbeHandler {
 public:
  // Once per probe, never from inside its constructor. May destroy the probe.
  virtual void on_probe_done(const ProbeResult& result) = 0;

 protected:
  ~ProbeHandler() = default;
};

class Probe final : private io::SocketHandler, private io::TimerHandler {
 public:
  // Begins at once. `sessions` (outliving the probe) spares an HTTPS target most of the handshake.
  // The environment's context says whether certificates are verified. Destroying the probe
  // withdraws it: the handler hears nothing.
  Probe(const ProbeEnvironment& environment, ProbeRequest request, tls::SessionCache& sessions,
        ProbeHandler& handler);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

 private:
  enum class Step : uint8_t { connect, response_head, body };
  enum class Question : uint8_t { health, status };

  void on_connected() override;
  void on_connect_failed() override;
  void on_readable() override;
  void on_writable() override;
  void on_timer(io::Timer& timer) override;

  enum class Progress : uint8_t { more, done };
  bool write_request();
  void say_goodbye();
  Progress take_bytes(std::string_view bytes);
  Progress take_input();
  Progress take_head();
  Progress take_body();
  Progress take_answer();
  void take_end();
  bool may_ask_for_status() const;
  void ask_for_status();
  Progress take_status();
  void judge_call();
  bool holds_text(std::string_view piece);
  Progress end_body(ProbeOutcome outcome);
  void judge(const http::ResponseHead& head);
  // Settles the result, unless a response head has settled it already.
  void settle(ProbeOutcome outcome);
  void finish();  // the handler may destroy this: nothing may follow
  ProbeOutcome connect_failure() const;
  ProbeOutcome connection_failure() const;

  io::Loop& loop_;
  const ProbeRequest request_;
  ProbeHandler& handler_;
  const Instant began_;
  Step step_ = Step::connect;
  Question question_ = Question::health;
  bool kept_open_ = false;  // by the target, after its answer
  bool settled_ = false;
  ProbeResult result_;
  SlabPool& slabs_;
  std::string unsent_;
  Buffer in_;
  size_t head_bytes_ = 0;  // of interim responses as well
  size_t body_bytes_ = 0;
  std::string tail_;  // of the body so far: where the text may have begun
  http::H1ResponseParser parser_;
  http::H1BodyReader body_;
  io::Timer deadline_;
  std::unique_ptr<ProbeHttp2> http2_;  // where it speaks that
  int grpc_code_ = -1;                 // of a call of gRPC that failed at once
  std::string message_;                // the body, as far as it is looked at
  std::unique_ptr<io::Socket> socket_;
  const transport::SecureSocket* secure_ = nullptr;  // the same socket, if it speaks TLS
};

}  // namespace daruma::health
