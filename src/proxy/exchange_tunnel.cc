// SPDX-License-Identifier: Apache-2.0
//
// After a 101 the exchange goes on as a tunnel: bytes in both directions until both sides have said
// all, either is reset, nothing moves for the idle timeout, or Daruma has to end it.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/upgrade.h"
#include "model/limits.h"
#include "proxy/client_stream.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/keepsake.h"
#include "proxy/listener.h"
#include "proxy/sticky_session.h"
#include "proxy/target_connection.h"
#include "proxy/target_state.h"
#include "proxy/tunnel.h"
#include "tls/websocket_key.h"

namespace daruma::proxy {

// Each holds a connection to a target as well, for as long as it likes.
bool Exchange::tunnel_has_room() const {
  return environment_.tunnels <
         std::max<size_t>(environment_.client_connections_max / model::limits::clients_per_upgrade,
                          1);
}

void Exchange::make_websocket_key() {
  Random& random = environment_.loop.random();
  const uint64_t high = random.next();
  websocket_key_ = tls::websocket_key(high, random.next());
}

// Who asked in HTTP/2 had no key to ask with, and cannot look at the answer to ours.
bool Exchange::is_accepted() const {
  if (!request_.extended_connect) return true;
  const http::Field* const accepted = response_.fields.find(http::websocket_accept_field);
  return accepted && accepted->value == tls::websocket_accept(websocket_key_);
}

// A 101 has come. What the client has sent behind its request is the other protocol's from here on.
Next Exchange::switch_protocols() {
  const bool whole = request_sent_ && !request_broken_;
  if (!whole || !http::switches_as_asked(response_, request_) || !is_accepted())
    return refuse(502, model::Reason::target_response_malformed);
  if (!tunnel_has_room()) return refuse(503, model::Reason::node_out_of_resources);
  return begin_response();
}

Next Exchange::begin_tunnel() {
  const model::ResponseFields& fields = listener_->listener().response_fields;
  http::write_forwarded_response(response_,
                                 {.client_version = request_.version,
                                  .added_fields = session_fields(),
                                  .set_fields = fields.lines,
                                  .set_names = fields.names},
                                 to_client_);
  connection_->in().consume(response_.wire_bytes);
  record_.received_bytes += request_relay_.bytes_read();
  request_relay_.begin(http::Framing::until_close, 0, http::Framing::until_close);
  response_relay_.begin(http::Framing::until_close, 0, http::Framing::until_close);
  if (request_.extended_connect) record_.status = 200;  // which the stream makes of it
  response_begun_ = true;
  keep_client_ = target_reusable_ = false;
  tunnel_received_ = tunnel_sent_ = tunnel_output_ = 0;
  switched_at_ = {};
  let_snapshot_go();
  begin_tunnel_account();
  extend_deadline();
  step_ = Step::tunnel;
  return Next::proceed;
}

Next Exchange::tunnel() {
  if (timed_out_) {
    timed_out_ = false;
    if (!tunnel_output_moves()) return end_tunnel(model::Reason::upgrade_idle_timeout);
    extend_deadline();
  }
  io::Socket& client = client_->socket();
  io::Socket& target = connection_->socket();
  const Way way_to_target{client, client_->in(), to_target_, target};
  WayStatus to_target = carry(request_relay_, way_to_target);
  const WayStatus to_client =
      carry(response_relay_, {target, connection_->in(), to_client_, client});
  // That the client is gone, its own socket tells once more, and perhaps by no other event.
  if (to_client == WayStatus::sink_failed) to_target = carry(request_relay_, way_to_target);
  if (to_client_.empty() && switched_at_ == Instant{}) switched_at_ = environment_.loop.now();
  count_tunnelled();

  const bool client_ended = to_target == WayStatus::ended;
  const bool target_ended = to_client == WayStatus::ended;
  if (client_ended) target.finish_writing();
  if (target_ended) client.finish_writing();
  const bool client_failed = to_target == WayStatus::source_failed ||
                             (to_client == WayStatus::sink_failed && client_ended);
  const bool target_failed = to_client == WayStatus::source_failed ||
                             (to_target == WayStatus::sink_failed && target_ended);
  if (client_failed || target_failed)
    return reset_tunnel(client_failed ? model::Reason::client_closed
                                      : model::Reason::target_response_truncated);
  tunnel_output_moves();
  // What a socket has accepted of a target's it takes to its grave.
  if (client_ended && target_ended && target.pending_bytes() == 0)
    return end_tunnel(model::Reason::none);
  if (to_target == WayStatus::turn_over || to_client == WayStatus::turn_over)
    environment_.loop.call_soon(*this);
  return Next::wait;
}

// Whether the network has taken some of what sockets keep, since this was asked last.
bool Exchange::tunnel_output_moves() {
  const size_t kept = client_->socket().pending_bytes() + connection_->socket().pending_bytes();
  return kept < std::exchange(tunnel_output_, kept);
}

// Both sides are told in an orderly way that there is no more.
Next Exchange::end_tunnel(model::Reason reason) {
  record_.reason = reason;
  step_ = Step::account;
  return Next::proceed;
}

// As one side was reset, so is the other: it must not take what it got for all there was.
Next Exchange::reset_tunnel(model::Reason reason) {
  client_->socket().abort_on_close();
  connection_->socket().abort_on_close();
  cut_off_ = client_lost_ = true;
  return end_tunnel(reason);
}

// Names, and what else the account and the time-outs ask for. The group is the target alone.
void Exchange::let_snapshot_go() {
  const auto target = std::find_if(group_->targets.begin(), group_->targets.end(),
                                   [this](const auto& each) { return each.get() == target_; });
  DARUMA_ASSERT(target != group_->targets.end());
  kept_ = std::make_unique<Keepsake>(group_->state);
  kept_->revision = pin_->snapshot().revision;
  kept_->adopted.targets.push_back(*target);
  if (group_->set.mode() != routing::RoutingMode::fail_open)
    kept_->adopted.set.set_health(0, model::HealthState::healthy);
  model::LoadBalancer& load_balancer = kept_->load_balancer;
  load_balancer.name = load_balancer_->name;
  load_balancer.resource_id = load_balancer_->resource_id;
  load_balancer.dns_name = load_balancer_->dns_name;
  load_balancer.idle_timeout = load_balancer_->idle_timeout;
  load_balancer.access_log = load_balancer_->access_log;
  kept_->group.name = group_->group->name;
  kept_->group.arn = group_->group->arn;
  load_balancer_ = &load_balancer;
  group_ = &kept_->adopted;
  record_.target_group_arn = kept_->group.arn;
  full_target_ = nullptr;
  choosing_ = {};
  sticky_.reset();
  forwarded_.reset();
  pin_ = {};
}

uint64_t Exchange::revision() const {
  return kept_ ? kept_->revision : pin_->snapshot().revision;
}

// --- What is counted while it is open, not when it ends after days

void Exchange::begin_tunnel_account() {
  telemetry::ListenerCounters& counters = listener_->counters();
  counters.upgrades_total.add();
  counters.upgraded_connections_active.add(1);
  counters.received_bytes_total.add(record_.received_bytes);
  counters.responses[telemetry::status_class(record_.status)].add();
  ++environment_.tunnels;
  target_->on_upgraded();
}

void Exchange::count_tunnelled() {
  const uint64_t received = request_relay_.bytes_written();
  const uint64_t sent = response_relay_.bytes_written();
  const uint64_t news_received = received - std::exchange(tunnel_received_, received);
  const uint64_t news_sent = sent - std::exchange(tunnel_sent_, sent);
  if (news_received == 0 && news_sent == 0) return;
  telemetry::ListenerCounters& counters = listener_->counters();
  counters.received_bytes_total.add(news_received);
  counters.sent_bytes_total.add(news_sent);
  counters.upgraded_received_bytes_total.add(news_received);
  counters.upgraded_sent_bytes_total.add(news_sent);
  extend_deadline();
}

void Exchange::end_tunnel_account() {
  telemetry::ListenerCounters& counters = listener_->counters();
  counters.upgraded_connections_active.add(-1);
  if (switched_at_ == Instant{}) switched_at_ = environment_.loop.now();
  count_reason();
  record_.received_bytes += request_relay_.bytes_written();
  record_.sent_bytes = response_relay_.bytes_written();
  --environment_.tunnels;
  target_->on_upgrade_over();
}

void Exchange::complete_tunnel_log_line() {
  record_.type = client_->origin().facts.secure ? "wss" : "ws";
  record_.response_seconds = seconds_of(switched_at_ - response_at_);
}

}  // namespace daruma::proxy
