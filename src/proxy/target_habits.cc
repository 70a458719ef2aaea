// SPDX-License-Identifier: Apache-2.0
//
// What a TargetState finds out about how its target is set up: for advice, and so that connections
// are given up before the target does it.
#include <algorithm>

#include "proxy/environment.h"
#include "proxy/target_state.h"

namespace daruma::proxy {
namespace {

// A connection that ends so soon after an answer was ended with it.
constexpr Duration with_the_answer = 100ms;

int64_t microseconds(Duration duration) {
  return duration / 1us;
}

}  // namespace

// What a target answers to a request that it does not like says nothing about its habits.
void TargetState::on_last_answer(const TargetConnection& connection, int status) {
  if (status >= 400) return;
  habits_.on_closed_after(connection.requests());
  publish_habits();
}

// After an answer that did not say so: the target has closed it, or is known to do so now.
bool TargetState::is_ending(TargetConnection& connection) {
  if (connection.exhausted() || !connection.is_quiet()) {
    habits_.on_closed_after(connection.requests());
    publish_habits();
    return true;
  }
  if (connection.requests() < habits_.requests_limit()) return false;
  habits_.on_good_after(connection.requests());
  publish_habits();
  return connection.requests() >= habits_.requests_limit() && !habits_.take_trial();
}

// A target's own limit is met early enough that a request on its way cannot meet the closing.
Duration TargetState::idle_allowance(const TargetConnection& connection, Duration idle_timeout) {
  if (connection.announced_timeout()) {
    const Duration theirs = *connection.announced_timeout();
    return std::min(idle_timeout, theirs - std::min<Duration>(1s, theirs / 2));
  }
  if (idle_timeout <= habits_.idle_allowance()) return idle_timeout;
  return habits_.take_trial() ? std::min(idle_timeout, habits_.idle_trial())
                              : habits_.idle_allowance();
}

void TargetState::on_rested_out(TargetConnection& connection) {
  if (connection.http2()) return discard(connection);  // GOAWAY tells when one ends
  habits_.on_good_idle(environment_.loop.now() - connection.idle_since());
  publish_habits();
  if (door_.wanted_elsewhere()) door_.lend();
  discard(connection);
}

void TargetState::on_idle_closed(TargetConnection& connection) {
  const Instant now = environment_.loop.now();
  const Duration idle = now - connection.idle_since();
  if (connection.requests() > 0) {
    if (idle < with_the_answer) {
      habits_.on_closed_after(connection.requests());
    } else {
      habits_.on_closed_idle(now, idle);
    }
    publish_habits();
  }
  discard(connection);
}

void TargetState::note_server(std::string_view field) {
  server_ = model::server_kind_of(field);
  // Asked once, it has had its chance.
  if (!server_known()) server_ = model::ServerKind::other;
  publish_habits();
}

void TargetState::note_announced(Duration idle_limit) {
  habits_.on_announced(idle_limit);
  publish_habits();
}

void TargetState::note_end(const TargetConnection& connection) {
  telemetry::TargetHabits& habits = counters_->habits;
  const Duration life = environment_.loop.now() - connection.began();
  habits.connection_us.add(static_cast<uint64_t>(microseconds(life)));
  if (connection.tls_session())
    habits.handshake_us.add(static_cast<uint64_t>(microseconds(connection.handshake_time())));
}

void TargetState::publish_habits() {
  telemetry::TargetHabits& habits = counters_->habits;
  habits.server.set(static_cast<int64_t>(server_));
  const uint64_t requests = habits_.requests_limit();
  habits.requests_limit.set(
      requests == KeepAliveHabits::unlimited ? 0 : static_cast<int64_t>(requests));
  const Duration idle = habits_.idle_limit();
  habits.idle_limit_ms.set(idle == Duration::max() ? 0 : idle / 1ms);
}

}  // namespace daruma::proxy
