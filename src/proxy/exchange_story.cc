// SPDX-License-Identifier: Apache-2.0
//
// What is remembered of an exchange. Of most, a brief story. One that failed, waited or was sent
// twice notes each attempt when it ends, and how the candidates stand when all of it has ended.
#include <algorithm>

#include "model/limits.h"
#include "proxy/client_stream.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/target_connection.h"
#include "proxy/target_state.h"

namespace daruma::proxy {
namespace {

std::string cut(std::string_view text) {
  return std::string(text.substr(0, model::limits::story_text_bytes_max));
}

model::Attempt attempt_over(const TargetConnection& connection, Instant now) {
  using Connection = model::Attempt::Connection;
  model::Attempt attempt;
  attempt.connection = connection.requests() > 1 ? Connection::reused : Connection::opened;
  attempt.connect = connection.connect_time();
  attempt.handshake = connection.handshake_time();
  attempt.age = now - connection.began();
  attempt.requests = connection.requests();
  return attempt;
}

// Why a target is, or is not, one to send to.
model::Candidate::Standing standing_of(const TargetState& target, bool chosen_from,
                                       uint64_t revision) {
  using Standing = model::Candidate::Standing;
  if (!target.registered_since(revision)) return Standing::deregistered;
  if (!chosen_from) return Standing::not_healthy;
  if (target.failing()) return Standing::failing;
  return target.load().full ? Standing::full : Standing::available;
}

}  // namespace

void Exchange::note_attempt(model::Reason reason) {
  note_attempt(reason, connection_ ? &connection_->connection() : nullptr);
}

// The attempt under way ends over `connection`, if over any; noted once. An opening that failed is
// noted before its connection is gone.
void Exchange::note_attempt(model::Reason reason, const TargetConnection* connection) {
  if (!target_ || attempts_.size() > retries_) return;
  model::Attempt& attempt = attempts_.emplace_back();
  if (connection) attempt = attempt_over(*connection, environment_.loop.now());
  if (connection && reason != model::Reason::target_tls_handshake_timeout)
    attempt.tls_error = cut(connection->tls_error());
  if (connection_) {
    const TargetConnection& used = connection_->connection();
    if (used.requests() > 1 && !connection_->http2()) attempt.idle = sent_at_ - used.idle_since();
    attempt.sent_bytes = request_relay_.bytes_written();
    attempt.received_bytes = connection_->in().size();
    if (response_begun_)
      attempt.received_bytes += response_.wire_bytes + response_relay_.bytes_read();
  }
  attempt.target = target_->label();
  attempt.reason = reason;
  attempt.load = target_->load();
  attempt.probes = target_->counters().probes.recall(environment_.loop.now());
}

void Exchange::keep_story() {
  const bool plain = attempts_.empty() && waited_ == Duration{} &&
                     record_.reason == model::Reason::none && record_.status < 500;
  if (plain) return keep_brief_story();
  note_attempt(record_.reason);
  environment_.stories.keep(story());
}

void Exchange::keep_brief_story() {
  BriefStory& story = environment_.stories.brief();
  story.ended = environment_.loop.now();
  story.began = began_;
  story.sent_at = sent_at_;
  story.response_at = response_at_;
  story.client = client_->origin().facts.peer;
  story.listener = client_->origin().facts.listener_port;
  story.rule_priority = record_.rule_priority;
  story.status = record_.status;
  story.target_status = record_.target_status;
  story.received_bytes = record_.received_bytes;
  story.sent_bytes = record_.sent_bytes;
  story.load_balancer = load_balancer().name;
  story.host = host_;
  story.trace_id = trace_id_;
  // From the method's first letter to the target's last they lie together, as received.
  const char* const line = request_.method_text.data();
  const std::string_view target = request_.target;
  story.request = std::string_view(line, static_cast<size_t>(target.data() + target.size() - line));
  story.requests = connection_ ? connection_->connection().requests() : 0;
  if (!connection_) {
    story.target = {};
    story.fail_open = false;
    return;
  }
  story.fail_open = group_->set.mode() == routing::RoutingMode::fail_open;
  story.opened_at = connection_->connection().began();
  story.target = target_->story_name();
}

model::Story Exchange::story() const {
  const Instant now = environment_.loop.now();
  const http::ClientFacts& client = client_->origin().facts;
  model::Story story;
  story.time = environment_.loop.wall_now();
  story.trace_id = cut(trace_id_);
  story.client = client.peer.to_string();
  story.load_balancer = load_balancer().name;
  story.listener = client.listener_port;
  story.method = cut(request_.method_text);
  story.host = cut(host_);
  story.path = cut(request_.target);
  story.rule_priority = record_.rule_priority;
  if (group_) {
    story.target_group = group_->group->name;
    story.fail_open = group_->set.mode() == routing::RoutingMode::fail_open;
    story.candidates = candidates();
    story.waiting = static_cast<uint32_t>(group_->state->line.size());
  }
  story.waited = waited_;
  story.attempts = attempts_;
  story.status = record_.status;
  story.target_status = record_.target_status;
  story.reason = record_.reason;
  if (began_ != never) story.total = now - began_;
  if (sent_at_ != Instant{}) story.request = sent_at_ - began_;
  if (response_at_ != Instant{}) {
    story.target = response_at_ - sent_at_;
    story.response = now - response_at_;
  }
  story.received_bytes = record_.received_bytes;
  story.sent_bytes = record_.sent_bytes;
  return story;
}

std::vector<model::Candidate> Exchange::candidates() const {
  std::vector<model::Candidate> candidates;
  const std::span<const uint32_t> chosen_from = group_->set.candidates();
  const size_t count = std::min(group_->targets.size(), model::limits::targets_looked_at_max);
  for (uint32_t i = 0; i < count; ++i) {
    const TargetState& target = *group_->targets[i];
    model::Candidate& candidate = candidates.emplace_back();
    candidate.target = target.label();
    candidate.health = target.health();
    candidate.standing =
        standing_of(target, std::ranges::binary_search(chosen_from, i), revision());
    candidate.failures_in_a_row = target.failures().length();
    candidate.load = target.load();
    candidate.probes = target.counters().probes.recall(environment_.loop.now());
  }
  return candidates;
}

}  // namespace daruma::proxy
