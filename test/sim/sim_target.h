// SPDX-License-Identifier: Apache-2.0
//
// A simulated origin: listens at one address, answers each request by its behaviour, tells the
// auditor all it sees. Who begins with HTTP/2's preface is answered in HTTP/2. Health checks are
// answered by health(), apart from the behaviour.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "io/loop.h"
#include "sim/auditor.h"
#include "sim/h2_script.h"
#include "sim/script.h"

namespace daruma::sim {

class H2Channel;
class SimLoop;

enum class HealthMode : uint8_t { good, bad_status, silent, closes };

class SimTarget final : private io::AcceptHandler {
 public:
  SimTarget(SimLoop& loop, Auditor& auditor, const Address& address,
            const TargetBehaviour& behaviour);
  ~SimTarget();

  const Address& address() const { return address_; }
  SimLoop& loop() { return loop_; }
  Auditor& auditor() { return auditor_; }
  const TargetBehaviour& behaviour() const { return behaviour_; }
  void set_behaviour(const TargetBehaviour& behaviour) { behaviour_ = behaviour; }
  const H2TargetBehaviour& h2_behaviour() const { return h2_behaviour_; }
  void set_h2_behaviour(const H2TargetBehaviour& behaviour) { h2_behaviour_ = behaviour; }
  HealthMode health() const { return health_; }
  void set_health(HealthMode health) { health_ = health; }

  // REQUIRES: in its loop's turn, or before the run.
  void start();
  enum class Stop : uint8_t { close_connections, reset_connections };
  void stop(Stop how);
  bool running() const { return acceptor_ != nullptr; }
  size_t connections() const { return connections_.size() + h2_connections_.size(); }
  uint64_t requests() const { return requests_; }
  // For self-tests of the auditor: answers with another request's token from now on.
  void confuse_tokens() { confused_ = true; }

  // For its connections.
  void count_request() { ++requests_; }
  void remove(uint32_t channel);

 private:
  class Channel;
  void on_accept(std::unique_ptr<io::Socket> socket) override;
  // What `bytes` begin is HTTP/2.
  void speak_http2(std::unique_ptr<io::Socket> socket, std::string_view bytes);

  SimLoop& loop_;
  Auditor& auditor_;
  const Address address_;
  TargetBehaviour behaviour_;
  H2TargetBehaviour h2_behaviour_;
  HealthMode health_ = HealthMode::good;
  std::unique_ptr<io::Acceptor> acceptor_;
  std::map<uint32_t, std::unique_ptr<Channel>> connections_;
  std::map<uint32_t, std::unique_ptr<H2Channel>> h2_connections_;
  uint32_t last_channel_ = 0;
  uint64_t requests_ = 0;
  bool confused_ = false;
  Token last_token_;
};

}  // namespace daruma::sim
