// SPDX-License-Identifier: Apache-2.0
//
// Events that reach an exchange, its endings, and stop 10: the account.
#include <algorithm>

#include "base/check.h"
#include "http/trace_context.h"
#include "model/limits.h"
#include "proxy/client_stream.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/keepsake.h"
#include "proxy/listener.h"
#include "proxy/protocol_match.h"
#include "proxy/sticky_session.h"
#include "proxy/target_connection.h"
#include "proxy/target_state.h"

namespace daruma::proxy {

void Exchange::on_client_readable() {
  const bool reads = step_ == Step::await_body || step_ == Step::tunnel ||
                     (step_ == Step::forward && !request_sent_);
  if (reads) return run();
  watch_client();
  if (step_ == Step::account) run();
}

// What comes now is the next request, or the client's good-bye; where the request has not been
// sent, more of its body. A client that has gone, or has shut its side down, is given up on: its
// answer would only take a place that others wait for.
Next Exchange::watch_client() {
  if (client_->in().size() >= model::limits::pipelined_bytes_max) return Next::proceed;
  const size_t before = client_->in().size();
  switch (client_->read_more(model::limits::pipelined_bytes_max)) {
    case ClientStream::ReadOutcome::bytes:
      if (!request_consumed()) count_body(client_->in().size() - before);
      return Next::proceed;
    case ClientStream::ReadOutcome::nothing:
      return Next::proceed;
    case ClientStream::ReadOutcome::ended:
      return client_left();
    case ClientStream::ReadOutcome::failed:
      break;
  }
  return client_gone();
}

// A side that can be written to again has taken what it was given: that is progress, also where
// nothing is read.
void Exchange::on_client_writable() {
  response_relay_.unblock();
  if (step_ != Step::forward && step_ != Step::answer && step_ != Step::tunnel) return;
  extend_deadline();
  run();
}

void Exchange::on_client_gone() {
  upgraded() ? reset_tunnel(model::Reason::client_closed) : client_gone();
  run();
}

void Exchange::on_target_readable() {
  if (step_ == Step::forward || step_ == Step::tunnel) run();
}

void Exchange::on_target_writable() {
  request_relay_.unblock();
  if (step_ != Step::forward && step_ != Step::tunnel) return;
  body_pace_.excuse(environment_.loop.now());
  extend_deadline();
  run();
}

void Exchange::on_target_deregistered() {
  if (upgraded()) {
    end_tunnel(model::Reason::target_deregistered);
  } else if (response_begun_) {
    cut_off(model::Reason::target_deregistered);
  } else {
    refuse(502, model::Reason::target_deregistered);
  }
  run();
}

void Exchange::on_node_stopping() {
  if (upgraded()) {
    end_tunnel(model::Reason::node_stopping);
  } else if (step_ == Step::answer || response_begun_) {
    cut_off(model::Reason::node_stopping);
  } else {
    refuse(503, model::Reason::node_stopping);
    keep_client_ = false;
  }
  run();
}

void Exchange::on_timer(io::Timer&) {
  timed_out_ = true;
  run();
}

// Daruma answers by itself. REQUIRES: !response_begun_.
Next Exchange::refuse(int status, model::Reason reason) {
  DARUMA_ASSERT(!response_begun_);
  note_attempt(reason);
  release_target(false);
  record_.reason = reason;
  local_.status = status;
  set_error_page();
  // After a message that was not understood, or not liked, nothing more is read from this client.
  if (status / 100 == 4 || status == 501 || status == 505) keep_client_ = false;
  step_ = Step::answer;
  return Next::proceed;
}

void Exchange::set_error_page() {
  if (is_grpc(request_, client_->origin().http2)) {
    local_.content_type = "application/grpc";
    local_.grpc = grpc_status_of(local_.status);
    return;
  }
  const std::span<const model::ErrorPage> pages = listener_->listener().error_pages;
  const model::ErrorPage* page = error_page_for(pages, local_.status);
  if (page == nullptr) {
    local_.content_type = "text/html";
    local_.body = record_.reason == model::Reason::plain_http_on_https
                      ? plain_http_page
                      : error_page(local_.status, page_);
    return;
  }
  if (trace_id_.empty()) make_trace_id();
  local_.content_type = page->content_type;
  local_.body = expand_error_page(
      *page, {.status = local_.status, .reason = record_.reason, .trace_id = trace_id_}, page_);
}

// The target's answer can't be finished. As long as nothing of it has left, the client can be told
// so properly.
Next Exchange::break_off(model::Reason reason) {
  target_->counters().broken_responses_total.add();
  const bool unsent = response_alone_ && response_relay_.bytes_written() == 0;
  if (!unsent) return cut_off(reason);
  note_attempt(reason);
  to_client_.clear();
  response_begun_ = false;
  return refuse(reason == model::Reason::target_body_timeout ? 504 : 502, reason);
}

// The answer can't be finished: the client must not take what it got for complete.
Next Exchange::cut_off(model::Reason reason) {
  note_attempt(reason);
  release_target(false);
  record_.reason = reason;
  keep_client_ = false;
  cut_off_ = true;
  // A body that ends with the connection looks complete after a FIN: only a reset says otherwise.
  if (response_relay_.out() == http::Framing::until_close) {
    client_->socket().abort_on_close();
    client_lost_ = true;
  }
  step_ = Step::account;
  return Next::proceed;
}

// It says no more, and may still be taking what it was told before.
Next Exchange::client_left() {
  if (!response_begun_) record_.status = 460;
  client_left_ = !response_begun_ && request_sent_;
  return cut_off(model::Reason::client_closed);
}

// It takes nothing.
Next Exchange::client_gone() {
  client_lost_ = true;
  return client_left();
}

// It is there, and takes nothing.
Next Exchange::client_stands_still() {
  client_lost_ = true;
  return cut_off(model::Reason::client_read_timeout);
}

// The target did not have to say anything yet.
bool Exchange::leaves_early() const {
  if (!request_sent_ && !request_relay_.blocked()) return true;
  return environment_.loop.now() - sent_at_ < target_->silence_patience();
}

// From whatever it has or waits for.
void Exchange::release_target(bool reusable) {
  if (!target_) return leave_line();
  if (waits()) target_->stop_waiting(*this);
  const uint32_t asked_into = std::exchange(asked_into_, 0);
  if (asked_into != 0 && !response_begun_ && leaves_early())
    target_->on_request_withdrawn(asked_into);
  if (TargetStream* connection = std::exchange(connection_, nullptr)) {
    connection->end_use();
    if (reusable) {
      target_->give_back(*connection, load_balancer_->idle_timeout);
    } else if (client_left_ && target_->holds_place(connection->connection())) {
      target_->leave_behind(connection->connection(), load_balancer_->idle_timeout);
    } else {
      target_->abandon(*connection);
    }
  }
  if (ListNode<InFlight>::linked()) target_->unbind(*this);
}

// Stop 10.
Next Exchange::account() {
  upgraded() ? end_tunnel_account() : count_response();
  keep_story();
  release_target(target_reusable_ && !cut_off_);
  if (load_balancer().access_log) write_log_line();
  ClientStream& client = *client_;
  const ClientStream::After after = client_connection_after();
  reset();
  environment_.exchanges.give(*this);
  client.exchange_done(after);
  return Next::finish;
}

// Every byte of the request has been taken from the client: what follows is the next request.
// Nothing else may be read as one, or a body would be taken for requests (smuggling).
bool Exchange::request_consumed() const {
  return request_.framing == http::Framing::none || (request_sent_ && !request_broken_);
}

// Of the body, what has come and went nowhere.
size_t Exchange::body_bytes_waiting() const {
  if (request_consumed()) return 0;
  const size_t here = client_->in().size();
  if (request_.framing != http::Framing::length) return here;
  return std::min<uint64_t>(here, request_.content_length - request_relay_.bytes_read());
}

ClientStream::After Exchange::client_connection_after() const {
  // What was accepted before the cut is still told: the end of an earlier answer may be in it.
  if (cut_off_) return client_lost_ ? ClientStream::After::cut : ClientStream::After::linger;
  if (keep_client_) return ClientStream::After::keep_alive;
  // RFC 9112 9.6: a client that did not ask for the end may have sent more by now.
  const bool all_read = request_read_ && request_consumed() && !request_.keep_alive;
  return all_read ? ClientStream::After::close : ClientStream::After::linger;
}

// The snapshot's that it goes by, once it does.
const model::LoadBalancer& Exchange::load_balancer() const {
  return load_balancer_ ? *load_balancer_ : listener_->load_balancer();
}

bool Exchange::client_may_stay() const {
  return !environment_.draining && !listener_->outdated(client_->origin()) &&
         environment_.loop.now() - client_->origin().accepted_at <
             load_balancer().client_keep_alive;
}

void Exchange::count_reason() {
  if (record_.reason == model::Reason::none) return;
  listener_->counters().reasons[static_cast<size_t>(record_.reason)].add();
}

void Exchange::count_response() {
  telemetry::ListenerCounters& counters = listener_->counters();
  record_.received_bytes += request_relay_.bytes_read() + body_bytes_waiting();
  record_.sent_bytes = response_relay_.bytes_written();
  counters.received_bytes_total.add(record_.received_bytes);
  counters.sent_bytes_total.add(record_.sent_bytes);
  count_reason();
  if (record_.status == 0) return;
  const size_t status_class = telemetry::status_class(record_.status);
  counters.responses[status_class].add();
  if (record_.target_status != 0) return;
  counters.own_responses[status_class].add();
  for (size_t i = 0; i < telemetry::own_errors.size(); ++i) {
    if (record_.status == telemetry::own_errors[i]) counters.own_errors_made[i].add();
  }
}

// Of the request target, what is behind the authority.
std::string_view Exchange::requested_path() const {
  const std::string_view target = request_.target;
  if (parts_.authority.empty()) return target;
  const char* const end = parts_.authority.data() + parts_.authority.size();
  return target.substr(static_cast<size_t>(end - target.data()));
}

// "line\nbrought 00-…" or "line\nbegun 00-…"; the line alone, where there is no trace.
std::string_view Exchange::with_trace(std::string_view line) {
  const std::string_view brought = http::trace_of(request_.fields);
  if (brought.empty() && traceparent_.empty()) return line;
  std::string& room = environment_.told_line;
  room.assign(line).append(brought.empty() ? "\nbegun " : "\nbrought ");
  return room.append(brought.empty() ? std::string_view(traceparent_) : brought);
}

void Exchange::write_log_line() {
  const Instant now = environment_.loop.now();
  record_.time = environment_.loop.wall_now();
  record_.created = record_.time;
  if (began_ != never)
    record_.created -= std::chrono::duration_cast<std::chrono::microseconds>(now - began_);
  const http::ClientFacts& facts = client_->origin().facts;
  const bool http2 = client_->origin().http2;
  record_.protocol = facts.secure ? "https" : "http";
  record_.type = is_grpc(request_, http2) ? "grpcs" : http2 ? "h2" : record_.protocol;
  record_.load_balancer = load_balancer().resource_id;
  record_.client_ip = facts.peer_ip;
  record_.client_port = facts.peer.port();
  record_.method = request_.method_text;
  record_.host = host_.empty() ? std::string_view(load_balancer().dns_name) : host_;
  record_.port = facts.listener_port;
  record_.path_and_query = requested_path();
  record_.version_major = http2 ? 2 : request_.version.major;
  record_.version_minor = http2 ? 0 : request_.version.minor;
  if (const http::Field* agent = request_.fields.find(http::FieldId::user_agent))
    record_.user_agent = agent->value;
  record_.tls_cipher = facts.tls_cipher;
  record_.tls_version = facts.tls_version;
  record_.trace_id = trace_id_;
  record_.earlier_targets = earlier_targets_;
  if (const tls::Session* session = client_->origin().tls_session) {
    record_.server_name = session->server_name();
    record_.certificate = session->resumed() ? "session-reused" : session->certificate_name();
  }
  if (response_at_ != Instant{}) {
    record_.request_seconds = seconds_of(sent_at_ - began_);
    record_.target_seconds = seconds_of(response_at_ - sent_at_);
    record_.response_seconds = seconds_of(now - response_at_);
  }
  if (upgraded()) complete_tunnel_log_line();
  node_ip_ = client_->socket().local().ip();
  record_.node_ip = node_ip_;
  client_->origin().write_id(connection_id_);
  record_.connection_id = connection_id_;
  std::string_view line = environment_.access_log_formatter.format(record_);
  if (environment_.tells_traces) line = with_trace(line);
  if (environment_.access_log.push(listener_->access_log_file(), line)) {
    environment_.counters.access_log_lines_total.add();
  } else {
    environment_.counters.access_log_lines_dropped_total.add();
  }
}

void Exchange::reset() {
  DARUMA_ASSERT(!connection_ && !waits() && !ListNode<InFlight>::linked());
  timer_.clear();
  ListNode<io::Task>::unlink();
  client_ = nullptr;
  listener_ = nullptr;
  load_balancer_ = nullptr;
  forward_ = nullptr;
  group_ = nullptr;
  target_ = full_target_ = nullptr;
  choosing_ = {};
  sticky_.reset();
  request_.clear();
  response_.clear();
  parts_ = {};
  authority_ = host_ = {};
  request_bytes_.clear();
  to_target_.clear();
  to_client_.clear();
  body_pace_.reset();
  request_relay_.begin(http::Framing::none, 0, http::Framing::none);
  response_relay_.begin(http::Framing::none, 0, http::Framing::none);
  step_ = Step::guard;
  running_ = timed_out_ = target_full_ = request_read_ = request_sent_ = request_broken_ =
      response_begun_ = false;
  interim_bytes_ = 0;
  close_target_ = target_reusable_ = cut_off_ = false;
  client_left_ = client_lost_ = response_alone_ = false;
  keep_client_ = true;
  began_ = sent_at_ = response_at_ = Instant{};
  local_ = {};
  record_ = {};
  trace_id_.clear();
  traceparent_.clear();
  websocket_key_.clear();
  rewritten_.host.clear();
  rewritten_.url.clear();
  forwarded_.reset();
  earlier_targets_.clear();
  attempts_.clear();
  waited_ = {};
  open_failure_ = model::Reason::none;
  retries_ = 0;
  // Last: they may take the target's state with them.
  if (kept_) environment_.graveyard.bury(*kept_.release());
  pin_ = {};
}

}  // namespace daruma::proxy
