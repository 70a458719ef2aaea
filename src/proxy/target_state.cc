// SPDX-License-Identifier: Apache-2.0
//
// Registration and the pool. Requests that wait for a connection: target_waiting.cc.
#include "proxy/target_state.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"

namespace daruma::proxy {

TargetState::TargetState(Environment& environment, model::TargetKey key,
                         std::shared_ptr<GroupState> group)
    : environment_(environment),
      key_(std::move(key)),
      label_(key_.to_string()),
      group_(std::move(group)),
      slow_start_timer_(environment.loop.timers(), *this),
      drain_timer_(environment.loop.timers(), *this),
      connect_timer_(environment.loop.timers(), *this),
      door_(environment, key_, *this) {
  story_name_.group = key_.group;
  story_name_.target = label_;
}

TargetState::~TargetState() {
  DARUMA_ASSERT(in_flight_.empty());
  open_.for_each([this](TargetConnection& connection) { discard(connection); });
  if (slow_start_.active()) --group_->slow_starting;
}

void TargetState::register_as(const model::Target& target, const model::TargetGroup& group,
                              uint64_t revision) {
  if (!registered_) registered_since_ = revision;
  if (named_in_ == 0) began_with_group_ = group_->began_empty;
  registered_ = true;
  named_in_ = revision;
  drain_timer_.clear();
  set_addresses(target.addresses);
  deregistration_delay_ = group.deregistration_delay;
  queue_timeout_ = group.saturation_guard.queue_timeout;
  protocol_ = group.protocol;
  version_ = group.version;
  set_tls(group);
  door_.configure(group.saturation_guard, group.protocol);
  if (!learns_from_latency()) load_ = {};
  idle_.for_each([this](TargetConnection& connection) {
    if (!usable(connection)) close_if_unused(connection);
  });
  if (!counters_ || zone_ != target.zone) set_counters(target);
  set_slow_start(group.balancing.slow_start);
}

// A new address has its part of the requests when connections are opened anew.
void TargetState::set_addresses(const std::vector<Address>& addresses) {
  const auto is_new = [this](const Address& address) {
    return std::ranges::find(addresses_, address) == addresses_.end();
  };
  if (!addresses_.empty() && std::ranges::any_of(addresses, is_new))
    addresses_grew_at_ = environment_.loop.now();
  addresses_ = addresses;
}

// An ALB verifies nothing and sends no SNI to targets.
void TargetState::set_tls(const model::TargetGroup& group) {
  if (protocol_ == model::Protocol::http) return tls_.reset();
  std::shared_ptr<tls::ClientContext> context = environment_.client_tls;
  std::string server_name;
  if (const model::TargetTls* wanted = group.tls.get()) {
    context =
        environment_.client_contexts.find_or_make(wanted->identity, {.verify = wanted->verify,
                                                                     .ca_pem = wanted->ca_pem,
                                                                     .chain_pem = wanted->chain_pem,
                                                                     .key_pem = wanted->key_pem});
    server_name = wanted->server_name;
    if (server_name.empty() && wanted->verify) server_name = key_.id;
  }
  if (tls_ && tls_->context == context && tls_->server_name == server_name) return;
  tls_ = std::make_shared<TargetTls>(std::move(context), std::move(server_name));
}

// The gauges go along: what is open and in flight now will be counted down in the new series.
void TargetState::set_counters(const model::Target& target) {
  zone_ = target.zone;
  counters_ = environment_.registry.add(telemetry::TargetLabels{key_.group, label_, zone_});
  counters_->requests_in_flight.set(outstanding());
  counters_->connections_open.set(static_cast<int64_t>(open_connections_));
  counters_->connections_idle.set(static_cast<int64_t>(idle_connections_));
  counters_->slow_starting.set(slow_starting());
  publish_habits();
}

void TargetState::deregister() {
  if (!registered_) return;
  registered_ = false;
  candidate_ = false;
  weight_ = model::full_weight;
  end_slow_start();
  health_ = model::HealthState::initial;
  close_unused();
  if (!in_flight_.empty()) drain_timer_.set(environment_.loop.now() + deregistration_delay_);
  abandon();
}

// A target that comes back may still be starting, and the others have just learned what they bear:
// it is asked little at first.
void TargetState::set_health(model::HealthState health, uint64_t told_in) {
  const bool returns =
      health == model::HealthState::healthy && health_ == model::HealthState::unhealthy;
  health_ = health;
  health_told_in_ = told_in;
  if (health != model::HealthState::healthy) end_slow_start();
  if (!returns) return;
  failures_.on_success();
  door_.restart();
}

void TargetState::on_became_healthy(bool others) {
  const bool first_of_group = std::exchange(began_with_group_, false);
  if (first_of_group || !others || slow_start_duration_ == 0s || slow_start_.active()) return;
  slow_start_.begin(environment_.loop.now(), slow_start_duration_);
  slow_start_timer_.set(slow_start_.ends_at());
  ++group_->slow_starting;
  counters_->slow_starting.set(1);
}

bool TargetState::takes_turn() {
  return !slow_start_.active() || slow_start_.takes_turn(environment_.loop.now());
}

void TargetState::set_slow_start(Duration duration) {
  if (std::exchange(slow_start_duration_, duration) == duration || !slow_start_.active()) return;
  slow_start_.set_duration(duration);
  if (slow_start_.ends_at() <= environment_.loop.now()) return end_slow_start();
  slow_start_timer_.set(slow_start_.ends_at());
}

void TargetState::end_slow_start() {
  if (!slow_start_.active()) return;
  slow_start_.end();
  slow_start_timer_.clear();
  --group_->slow_starting;
  counters_->slow_starting.set(0);
}

void TargetState::on_timer(io::Timer& timer) {
  if (&timer == &slow_start_timer_) return end_slow_start();
  if (&timer == &connect_timer_) return open_wanted();
  end_delay();
}

void TargetState::end_delay() {
  if (abandoned_) send_waiting_elsewhere();  // the delay is shorter than a turn
  in_flight_.for_each([](Exchange& exchange) { exchange.on_target_deregistered(); });
  close_unused();  // what was being opened for them
}

void TargetState::bind(Exchange& exchange) {
  in_flight_.push_back(exchange);
  ++in_flight_count_;
  ++environment_.requests_in_flight;
  counters_->requests_in_flight.add(1);
}

// There may be room for one that waits.
void TargetState::owe_one_less() {
  if (in_flight_count_-- >= load_.limit() && wanted() > 0) environment_.loop.call_soon(*this);
}

void TargetState::on_upgraded() {
  ++upgraded_count_;
  owe_one_less();
}

void TargetState::on_upgrade_over() {
  --upgraded_count_;
  ++in_flight_count_;
}

void TargetState::unbind(Exchange& exchange) {
  exchange.ListNode<InFlight>::unlink();
  owe_one_less();
  --environment_.requests_in_flight;
  counters_->requests_in_flight.add(-1);
}

model::TargetLoad TargetState::load() const {
  return {.connections = static_cast<uint32_t>(open_connections_),
          .in_flight = outstanding(),
          .learned_limit = door_.governor().learned_limit(),
          .full = door_.shut() || !has_room()};
}

TargetStream& TargetState::borrow_idle(Exchange& exchange) {
  TargetConnection& connection = idle_.front();
  if (connection.rests()) {
    connection.wake();
    count_idle(-1);
  }
  if (TargetHttp2* http2 = connection.http2()) {
    TargetStream& stream = http2->open();
    if (!http2->has_room()) connection.ListNode<IdleConnection>::unlink();
    stream.lend(exchange);
    return stream;
  }
  idle_.pop_front();
  connection.lend(exchange);
  return connection;
}

void TargetState::count_idle(int change) {
  idle_connections_ += static_cast<size_t>(change);
  environment_.target_connections_idle += static_cast<size_t>(change);
  counters_->connections_idle.add(change);
}

// What was opened to an address or in a protocol that the target no longer has is not used again,
// nor what was opened when it had fewer addresses.
bool TargetState::usable(const TargetConnection& connection) const {
  const bool http2 = connection.version() != model::ProtocolVersion::http1;
  return registered_ && connection.protocol() == protocol_ && http2 == speaks_http2() &&
         connection.tls() == tls_.get() && connection.began() >= addresses_grew_at_ &&
         std::ranges::find(addresses_, connection.address()) != addresses_.end();
}

void TargetState::give_back(TargetStream& stream, Duration idle_timeout) {
  TargetConnection& connection = stream.connection();
  if (TargetHttp2Stream* of_http2 = stream.http2()) {
    rest_timeout_ = idle_timeout;
    return connection.http2()->give_back(*of_http2, TargetHttp2Stream::Answer::whole);
  }
  const bool keep = usable(connection) && !environment_.draining && connection.in().empty() &&
                    !is_ending(connection) && !place_is_wanted() &&
                    idle_connections_ < model::limits::idle_target_connections_max;
  if (!keep) return discard(connection);
  into_pool(connection, idle_timeout);
  // Not from inside the exchange that gives it back.
  if (wanted() > 0) environment_.loop.call_soon(*this);
}

void TargetState::abandon(TargetStream& stream) {
  TargetConnection& connection = stream.connection();
  if (TargetHttp2Stream* of_http2 = stream.http2())
    return connection.http2()->give_back(*of_http2, TargetHttp2Stream::Answer::abandoned);
  discard(connection);
}

// Whoever comes next in this turn must not be given a stream that there is not.
void TargetState::on_room_changed(TargetConnection& connection) {
  if (!connection.http2()->has_room()) connection.ListNode<IdleConnection>::unlink();
}

void TargetState::on_streams_changed(TargetConnection& connection) {
  if (connection.Mortal::linked()) return;
  TargetHttp2& http2 = *connection.http2();
  streams_expected_ = std::max<size_t>(http2.streams_max(), 1);
  const bool may_stay = usable(connection) && !http2.retired() && !environment_.draining;
  if (http2.users() == 0 && !may_stay) return discard(connection);
  const bool ready = may_stay && http2.has_room();
  const bool listed = connection.ListNode<IdleConnection>::linked();
  if (ready && !listed) idle_.push_front(connection);
  if (!ready && listed) connection.ListNode<IdleConnection>::unlink();
  if (http2.users() == 0 && !connection.rests()) {
    const Instant now = environment_.loop.now();
    connection.rest(now, now + rest_timeout_);
    count_idle(1);
  }
  // Not from inside the exchange that gives it back.
  if (ready && wanted() > 0) environment_.loop.call_soon(*this);
}

// By a request at the door.
bool TargetState::place_is_wanted() {
  return std::exchange(make_room_, false);
}

void TargetState::on_told() {
  if (wanted() > 0) return open_wanted();
  if (!door_.wanted_elsewhere()) return;
  idle_.for_each([](TargetConnection& connection) {
    connection.rest_no_longer_than(connection.idle_since());
  });
}

void TargetState::into_pool(TargetConnection& connection, Duration idle_timeout) {
  const Instant now = environment_.loop.now();
  Duration allowance = idle_allowance(connection, idle_timeout);
  // A place that is not used is one that somebody else waits for.
  if (door_.full()) allowance = std::min(allowance, model::limits::saturated_idle_timeout);
  if (door_.wanted_elsewhere() && wanted() == 0) allowance = Duration::zero();
  connection.rest(now, now + allowance);
  count_idle(1);
  // It may allow no stream yet.
  if (!connection.http2() || connection.http2()->has_room()) idle_.push_front(connection);
}

void TargetState::discard(TargetConnection& connection) {
  if (connection.Mortal::linked()) return;
  connection.ListNode<IdleConnection>::unlink();
  if (connection.rests()) {
    connection.wake();
    count_idle(-1);
  }
  if (TargetHttp2* http2 = connection.http2()) http2->end();
  if (!connection.established()) --opening_;
  connection.ListNode<OpenConnection>::unlink();
  connection.end_use();
  --open_connections_;
  --environment_.target_connections;
  counters_->connections_open.add(-1);
  door_.leave(connection);
  door_.on_owner_changed();
  if (connection.established()) note_end(connection);
  environment_.graveyard.bury(connection);
  if (wanted() > 0) environment_.loop.call_soon(*this);
}

// What still carries requests ends with the last of them.
void TargetState::close_if_unused(TargetConnection& connection) {
  TargetHttp2* http2 = connection.http2();
  if (http2 == nullptr || http2->users() == 0) return discard(connection);
  http2->retire();
  connection.ListNode<IdleConnection>::unlink();
}

void TargetState::close_unused() {
  idle_.for_each([this](TargetConnection& connection) { close_if_unused(connection); });
  const bool keep_opening = !waiting_.empty();
  open_.for_each([this, keep_opening](TargetConnection& connection) {
    const bool unused = connection.established() ? connection.left_behind() : !keep_opening;
    if (unused) discard(connection);
  });
}

}  // namespace daruma::proxy
