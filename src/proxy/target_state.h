// SPDX-License-Identifier: Apache-2.0
//
// What one worker keeps of one target, filed by key across snapshots: health as last told, idle
// connections, TLS sessions, requests in flight, counters; and its draining once it is no longer
// registered.
#pragma once

#include <memory>
#include <vector>

#include "base/intrusive_list.h"
#include "io/timer_wheel.h"
#include "model/letter.h"
#include "model/target.h"
#include "proxy/target_connection.h"
#include "telemetry/counters.h"
#include "tls/context.h"

namespace daruma::proxy {

class Exchange;
struct Environment;
struct InFlight {};  // list tag: exchanges that a target is answering

class TargetState final : private io::TimerHandler {
 public:
  TargetState(Environment& environment, model::TargetKey key);
  ~TargetState();
  TargetState(const TargetState&) = delete;
  TargetState& operator=(const TargetState&) = delete;

  const model::TargetKey& key() const { return key_; }
  const std::string& label() const { return label_; }  // "127.0.0.2:8443"
  model::HealthState health() const { return health_; }
  void set_health(model::HealthState health) { health_ = health; }
  // What the node as a whole knows of this target's door.
  void set_door(const model::DoorLetter& door) { door_ = door; }
  telemetry::TargetCounters& counters() { return *counters_; }
  tls::SessionCache& sessions() { return sessions_; }
  model::Protocol protocol() const { return protocol_; }

  // The target stands in the snapshot being adopted.
  void register_as(const model::Target& target, const model::TargetGroup& group);
  // It no longer does: nothing new is sent, idle connections close, and what is in flight after the
  // deregistration delay is ended (502, target_deregistered).
  void deregister();
  bool registered() const { return registered_; }

  // The most recently used idle connection, or nullptr.
  TargetConnection* borrow_idle();
  // A new connection, being opened to the next of the target's addresses. Nullptr if its name has
  // no address.
  TargetConnection* open(Exchange& user);
  // The connection's request is done; the connection can carry another.
  void give_back(TargetConnection& connection);
  // Unlinks and destroys it.
  void discard(TargetConnection& connection);
  void close_idle();
  // No request runs and no connection is open.
  bool unused() const { return in_flight_.empty() && open_connections_ == 0; }

  void begin_request(Exchange& exchange);
  void end_request(Exchange& exchange);

 private:
  void on_timer(io::Timer& timer) override;
  Duration idle_allowance(const TargetConnection& connection) const;

  Environment& environment_;
  const model::TargetKey key_;
  const std::string label_;
  std::string zone_;
  model::Protocol protocol_ = model::Protocol::http;
  std::vector<Address> addresses_;
  size_t address_cursor_ = 0;
  model::HealthState health_ = model::HealthState::initial;
  model::DoorLetter door_;
  bool registered_ = false;
  Duration deregistration_delay_{};
  io::Timer drain_timer_;
  tls::SessionCache sessions_;
  std::shared_ptr<telemetry::TargetCounters> counters_;
  IntrusiveList<TargetConnection, IdleConnection> idle_;  // most recently used first
  IntrusiveList<TargetConnection, OpenConnection> open_;
  IntrusiveList<Exchange, InFlight> in_flight_;
  size_t idle_connections_ = 0;
  size_t open_connections_ = 0;
};

}  // namespace daruma::proxy
