// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_state.h"

#include <algorithm>

#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"

namespace daruma::proxy {

TargetState::TargetState(Environment& environment, model::TargetKey key)
    : environment_(environment),
      key_(std::move(key)),
      label_(key_.to_string()),
      drain_timer_(environment.loop.timers(), *this) {}

TargetState::~TargetState() {
  DARUMA_ASSERT(in_flight_.empty());
  open_.for_each([this](TargetConnection& connection) { discard(connection); });
}

void TargetState::register_as(const model::Target& target, const model::TargetGroup& group) {
  registered_ = true;
  drain_timer_.clear();
  addresses_ = target.addresses;
  deregistration_delay_ = group.deregistration_delay;
  if (protocol_ != group.protocol) close_idle();
  protocol_ = group.protocol;
  if (counters_ && zone_ == target.zone) return;
  zone_ = target.zone;
  counters_ = environment_.registry.add(telemetry::TargetLabels{key_.group, label_, zone_});
}

void TargetState::deregister() {
  if (!registered_) return;
  registered_ = false;
  health_ = model::HealthState::initial;
  close_idle();
  if (!in_flight_.empty()) drain_timer_.set(environment_.loop.now() + deregistration_delay_);
}

void TargetState::on_timer(io::Timer&) {
  in_flight_.for_each([](Exchange& exchange) { exchange.on_target_deregistered(); });
}

TargetConnection* TargetState::borrow_idle() {
  if (idle_.empty()) return nullptr;
  TargetConnection& connection = idle_.pop_front();
  --idle_connections_;
  --environment_.target_connections_idle;
  counters_->connections_idle.add(-1);
  return &connection;
}

TargetConnection* TargetState::open(Exchange& user) {
  if (addresses_.empty()) return nullptr;
  const Address& address = addresses_[address_cursor_++ % addresses_.size()];
  auto* connection = new TargetConnection(environment_, *this, address, user);
  open_.push_back(*connection);
  ++open_connections_;
  ++environment_.target_connections;
  counters_->connections_total.add();
  counters_->connections_open.add(1);
  return connection;
}

Duration TargetState::idle_allowance(const TargetConnection& connection) const {
  // A target's own limit is met early enough that a request on its way cannot meet the closing.
  const Duration ours = std::chrono::seconds(model::limits::idle_timeout_seconds.standard);
  if (!connection.announced_timeout()) return ours;
  const Duration theirs = *connection.announced_timeout();
  return std::min(ours, theirs - std::min<Duration>(1s, theirs / 2));
}

void TargetState::give_back(TargetConnection& connection) {
  const bool keep = registered_ && !environment_.draining && !connection.exhausted() &&
                    connection.in().empty() && connection.is_quiet() &&
                    idle_connections_ < model::limits::idle_target_connections_max;
  if (!keep) return discard(connection);
  connection.rest(environment_.loop.now() + idle_allowance(connection));
  idle_.push_front(connection);
  ++idle_connections_;
  ++environment_.target_connections_idle;
  counters_->connections_idle.add(1);
}

void TargetState::discard(TargetConnection& connection) {
  if (connection.Mortal::linked()) return;
  if (connection.ListNode<IdleConnection>::linked()) {
    connection.ListNode<IdleConnection>::unlink();
    --idle_connections_;
    --environment_.target_connections_idle;
    counters_->connections_idle.add(-1);
  }
  connection.ListNode<OpenConnection>::unlink();
  connection.end_use();
  --open_connections_;
  --environment_.target_connections;
  counters_->connections_open.add(-1);
  environment_.graveyard.bury(connection);
}

void TargetState::close_idle() {
  idle_.for_each([this](TargetConnection& connection) { discard(connection); });
}

void TargetState::begin_request(Exchange& exchange) {
  in_flight_.push_back(exchange);
  ++environment_.requests_in_flight;
  counters_->requests_in_flight.add(1);
}

void TargetState::end_request(Exchange& exchange) {
  exchange.ListNode<InFlight>::unlink();
  --environment_.requests_in_flight;
  counters_->requests_in_flight.add(-1);
}

}  // namespace daruma::proxy
