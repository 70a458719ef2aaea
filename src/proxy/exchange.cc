// SPDX-License-Identifier: Apache-2.0
//
// The steps in the order of the story. Stops 6 and 7 are in exchange_target.cc, moving bytes in
// exchange_forward.cc, endings and accounting in exchange_end.cc.
#include "proxy/exchange.h"

#include <algorithm>

#include "base/bytes.h"
#include "http/field_rules.h"
#include "http/trace_context.h"
#include "http/upgrade.h"
#include "model/limits.h"
#include "proxy/client_stream.h"
#include "proxy/environment.h"
#include "proxy/keepsake.h"
#include "proxy/listener.h"
#include "proxy/protocol_match.h"
#include "proxy/sticky_session.h"
#include "proxy/target_connection.h"
#include "proxy/target_state.h"
#include "routing/rule_table.h"

namespace daruma::proxy {
namespace {

http::DesyncMode mode_of(model::DesyncMitigation mitigation) {
  switch (mitigation) {
    case model::DesyncMitigation::monitor:
      return http::DesyncMode::monitor;
    case model::DesyncMitigation::defensive:
      return http::DesyncMode::defensive;
    case model::DesyncMitigation::strictest:
      break;
  }
  return http::DesyncMode::strictest;
}

http::XffMode mode_of(model::XffProcessing processing) {
  switch (processing) {
    case model::XffProcessing::append:
      return http::XffMode::append;
    case model::XffProcessing::preserve:
      return http::XffMode::preserve;
    case model::XffProcessing::remove:
      break;
  }
  return http::XffMode::remove;
}

http::CertificateTelling telling_of(model::MutualTlsMode mode) {
  switch (mode) {
    case model::MutualTlsMode::off:
      return http::CertificateTelling::nothing;
    case model::MutualTlsMode::passthrough:
      return http::CertificateTelling::chain;
    case model::MutualTlsMode::verify:
      break;
  }
  return http::CertificateTelling::verified_leaf;
}

// "h.example." is the same host as "h.example" (RFC 1034 3.1).
std::string_view without_root(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  return host;
}

}  // namespace

const Exchange::StepRow Exchange::steps[] = {
    {"guard", &Exchange::guard},
    {"match_rule", &Exchange::match_rule},
    {"await_body", &Exchange::await_body},
    {"pick_target", &Exchange::pick_target},
    {"borrow_connection", &Exchange::borrow_connection},
    {"await_connection", &Exchange::await_connection},
    {"forward", &Exchange::forward},
    {"answer", &Exchange::answer},
    {"tunnel", &Exchange::tunnel},
    {"account", &Exchange::account},
};

Exchange::Exchange(Environment& environment)
    : environment_(environment),
      request_bytes_(environment.slabs),
      to_target_(environment.slabs),
      to_client_(environment.slabs),
      timer_(environment.loop.timers(), *this) {}

Exchange::~Exchange() = default;

void Exchange::begin(ClientStream& client, http::RequestHead& head, Buffer& bytes,
                     Instant first_byte) {
  client_ = &client;
  listener_ = &client.origin().listener;
  began_ = first_byte;
  request_read_ = true;
  std::swap(request_, head);
  request_bytes_.take(bytes);
  bytes.append(request_bytes_.view().substr(
      request_.wire_bytes));  // the body's beginning, or the next request
  record_.received_bytes = request_.wire_bytes;
  step_ = Step::guard;
  run();
}

void Exchange::begin_refused(ClientStream& client, const Refusal& refusal, Instant first_byte,
                             size_t bytes_seen) {
  client_ = &client;
  listener_ = &client.origin().listener;
  began_ = first_byte;
  record_.received_bytes = bytes_seen;
  request_.clear();
  request_.method = refusal.method;
  refuse(refusal.status, refusal.reason);
  run();
}

void Exchange::run() {
  DARUMA_ASSERT(!running_);  // an event from inside a step would drive the exchange twice
  running_ = true;
  Next next = Next::proceed;
  assert_consistent();
  while (next == Next::proceed) {
    next = (this->*steps[static_cast<size_t>(step_)].function)();
  }
  if (next == Next::wait) running_ = false;
  // After `finish` this exchange is somebody else's: touch nothing.
}

void Exchange::assert_consistent() const {
  DARUMA_ASSERT(client_ && listener_);
  DARUMA_ASSERT(step_ != Step::forward || connection_);
  DARUMA_ASSERT(!connection_ || target_);
  DARUMA_ASSERT(!group_ || pin_ || kept_);
}

// Stop 4: may this message be passed on at all?
Next Exchange::guard() {
  listener_->counters().requests_total.add();
  make_trace_id();
  parts_ = http::split_target(request_.target, request_.method == http::Method::connect);
  const http::Field* host = request_.fields.find(http::FieldId::host);
  authority_ = !parts_.authority.empty() ? parts_.authority : host ? host->value : "";
  const std::optional<http::HostPort> split = http::split_host(authority_);
  host_ = split ? split->host : authority_;

  // Who has the rest of a head to send, or has it in the network yet, comes late. 421: it may go
  // again on another connection, whatever its method (RFC 9110 15.5.20).
  if (listener_->unverified(client_->origin())) [[unlikely]]
    return refuse(421, model::Reason::client_certificate_outdated);
  record_.desync = http::classify(request_.findings);
  if (record_.desync.tier != http::DesyncTier::compliant) {
    listener_->counters().desync_non_compliant_total.add();
    const http::DesyncMode mode = mode_of(load_balancer().desync);
    switch (http::decide(record_.desync, request_.findings, mode)) {
      case http::DesyncDecision::allow:
        break;
      case http::DesyncDecision::allow_and_close:
        keep_client_ = false;
        close_target_ = true;
        request_.upgrade = false;  // what is to be closed is not handed over
        break;
      case http::DesyncDecision::block:
        return refuse(400, model::Reason::request_desync_blocked);
    }
  }
  if (!request_.keep_alive) keep_client_ = false;
  const bool bad_host = host && !parts_.authority.empty() && !http::split_host(host->value);
  if (!split || bad_host) return refuse(400, model::Reason::request_malformed);
  return check_message();
}

Next Exchange::check_message() {
  if (request_.version.major != 1) return refuse(505, model::Reason::request_version_unsupported);
  if (request_.method == http::Method::trace || request_.method == http::Method::connect) {
    local_.allow = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";
    return refuse(405, model::Reason::request_method_not_allowed);
  }
  if (request_.extended_connect && !http::asks_for_websocket(request_))
    return refuse(501, model::Reason::request_protocol_unsupported);
  if (request_.transfer_coding_unsupported)
    return refuse(501, model::Reason::request_transfer_encoding_unsupported);
  // RFC 9112 3.2: a request of HTTP/1.1 without Host, or any with two, is refused.
  size_t hosts = 0;
  for (const http::Field& field : request_.fields) hosts += field.id == http::FieldId::host;
  if (hosts > 1 || (hosts == 0 && request_.version.minor >= 1))
    return refuse(400, model::Reason::request_malformed);
  if (request_.expect_continue && request_.framing != http::Framing::none &&
      client_->in().empty()) {
    to_client_.append("HTTP/1.1 100 Continue\r\n\r\n");
    if (!flush_interim()) return client_gone();
  }
  step_ = Step::match_rule;
  return Next::proceed;
}

// Stop 5: the exchange pins the snapshot that it will go by to its end.
Next Exchange::match_rule() {
  pin_ = listener_->pin();
  load_balancer_ = &listener_->load_balancer();
  const model::Listener& listener = listener_->listener();
  const std::string_view path = http::normalised_path(parts_.path, path_storage_);
  if (listener.mutual_tls.mode != model::MutualTlsMode::off) [[unlikely]]
    http::mark_certificate_fields(listener.mutual_tls.names, request_.fields);
  const uint32_t place = listener.table->match({.host = without_root(host_),
                                                .path = path,
                                                .method = request_.method_text,
                                                .host_and_port = authority_,
                                                .query = parts_.query,
                                                .fields = &request_.fields,
                                                .source = &client_->origin().facts.peer});
  listener_->count_rule(place);
  const model::Rule& rule = listener.rules[place];
  record_.rule_priority = rule.priority;
  if (const auto* fixed = std::get_if<model::FixedResponseAction>(&rule.action))
    return fixed_response(*fixed);
  if (const auto* action = std::get_if<model::RedirectAction>(&rule.action))
    return redirect(*action);
  record_.action = "forward";
  if (rule.transforms && !transform(rule))
    return refuse(500, model::Reason::request_transform_failed);
  if (load_balancer_->drop_invalid_header_fields) count_invalid_fields();
  prepare_forwarding();
  const http::ForwardProblem problem = http::forward_problem(*forwarded_);
  if (problem != http::ForwardProblem::none) return refuse_forwarding(problem);
  const auto& forward = std::get<model::ForwardAction>(rule.action);
  if (forward.weight_total == 0) return refuse(503, model::Reason::no_group_weight);
  if (request_.upgrade && http::asks_to_switch(request_) && !tunnel_has_room())
    return refuse(503, model::Reason::node_out_of_resources);
  forward_ = &forward;
  const bool sticky = forward.stickiness > Duration::zero();
  group_ = sticky ? &choose_sticky_group(forward) : &choose_group(forward);
  record_.target_group_arn = group_->group->arn;
  if (!may_go_to(group_->group->version, request_, client_->origin().http2))
    return refuse(464, model::Reason::request_protocol_mismatch);
  // A call of gRPC may begin with the server's words.
  const bool at_once = request_.framing == http::Framing::none ||
                       load_balancer_->request_body_bytes_per_second_min == 0 ||
                       group_->group->version == model::ProtocolVersion::grpc;
  step_ = at_once ? Step::pick_target : Step::await_body;
  return Next::proceed;
}

void Exchange::count_invalid_fields() {
  const bool any =
      std::any_of(request_.fields.begin(), request_.fields.end(),
                  [](const http::Field& field) { return !http::is_valid_field_name(field.name); });
  if (any) listener_->counters().invalid_header_fields_dropped_total.add();
}

// Host and URL as the target shall see them. False if the rule makes something of them that no
// request can carry.
bool Exchange::transform(const model::Rule& rule) {
  std::string_view url = parts_.path_and_query;
  if (parts_.path_is_implied()) url = path_storage_.assign("/").append(url);
  const std::string_view host = host_.empty() ? std::string_view(load_balancer_->dns_name) : host_;
  const routing::TransformStatus status = rule.transforms->apply(host, url, rewritten_);
  record_.transform_status = routing::name_of(status);
  record_.transformed_host = rewritten_.host;
  record_.transformed_uri = rewritten_.url;
  return status == routing::TransformStatus::success;
}

// Once for each request: a second attempt sends the same.
void Exchange::prepare_forwarding() {
  const model::LoadBalancer& balancer = *load_balancer_;
  const model::Listener& listener = listener_->listener();
  if (request_.extended_connect) make_websocket_key();
  DARUMA_ASSERT(!listener_->unverified(client_->origin()));  // guard() has seen to it
  const bool begins_trace = balancer.trace_start != model::TraceStart::off && begin_trace();
  forwarded_.emplace(http::ForwardedRequest{
      .head = request_,
      .parts = parts_,
      .client = client_->origin().facts,
      .settings = {.xff_mode = mode_of(balancer.xff),
                   .xff_client_port = balancer.xff_client_port,
                   .preserve_host_header = balancer.preserve_host_header,
                   .drop_invalid_header_fields = balancer.drop_invalid_header_fields,
                   .add_tls_version_and_cipher = balancer.tls_version_and_cipher_headers,
                   .tls_version_name = &listener.tls_version_field,
                   .tls_cipher_name = &listener.tls_cipher_field,
                   .replace_trace_context = begins_trace,
                   .certificate = telling_of(listener.mutual_tls.mode),
                   .certificate_names = &listener.mutual_tls.names},
      .traceparent = traceparent_,
      .trace_id = trace_id_,
      .websocket_key = websocket_key_,
      .host_when_missing = balancer.dns_name,
      .rewrite = {.host = rewritten_.host, .path_and_query = rewritten_.url}});
}

// For a request without one, or with one that nobody can read (W3C Trace Context, 4.1).
bool Exchange::begin_trace() {
  if (http::has_trace(request_.fields)) return false;
  const bool sampled = load_balancer_->trace_start == model::TraceStart::sampled;
  const std::string_view root(trace_root_.data(), trace_root_.size());
  http::begin_trace(root, environment_.loop.random().next() | 1, sampled, traceparent_);
  return true;
}

Next Exchange::refuse_forwarding(http::ForwardProblem problem) {
  if (problem == http::ForwardProblem::too_many_forwarded_for)
    return refuse(463, model::Reason::request_forwarded_for_too_long);
  return refuse(400, model::Reason::request_head_too_large);
}

Next Exchange::fixed_response(const model::FixedResponseAction& action) {
  listener_->counters().fixed_responses_total.add();
  record_.action = "fixed-response";
  // The client would take success for an open tunnel.
  if (request_.extended_connect && action.status / 100 == 2)
    return refuse(501, model::Reason::request_protocol_unsupported);
  local_ = {.status = action.status, .content_type = action.content_type, .body = action.body};
  step_ = Step::answer;
  return Next::proceed;
}

Next Exchange::redirect(const model::RedirectAction& action) {
  listener_->counters().redirects_total.add();
  record_.action = "redirect";
  write_location(action,
                 {.protocol = client_->origin().facts.secure ? "https" : "http",
                  .host = host_.empty() ? std::string_view(load_balancer_->dns_name) : host_,
                  .port = client_->origin().facts.listener_port,
                  .path = parts_.path,
                  .query = parts_.query},
                 location_);
  if (location_.size() > model::limits::location_bytes_max)
    return refuse(507, model::Reason::redirect_too_long);
  record_.redirect_url = location_;
  local_ = {.status = action.status, .content_type = "text/html", .location = location_};
  local_.body = error_page(action.status, page_);
  step_ = Step::answer;
  return Next::proceed;
}

// Stop 8 begins: the head as the target shall see it. What is there already is the head, with the
// body's beginning behind it, that the connection before took nothing of.
Next Exchange::send_on(TargetStream& connection) {
  connection_ = &connection;
  sent_at_ = environment_.loop.now();
  connection.connection().count_request();
  if (to_target_.empty()) {
    http::write_forwarded_request(*forwarded_, to_target_);
    request_relay_.begin(request_.framing, request_.content_length, request_.framing,
                         {.head = &request_.fields, .settings = forwarded_->settings});
  }
  body_pace_.excuse(sent_at_);
  extend_deadline();
  step_ = Step::forward;
  return Next::proceed;
}

void Exchange::make_trace_id() {
  Random& random = environment_.loop.random();
  const auto now = static_cast<uint32_t>(unix_seconds(environment_.loop.wall_now()));
  const uint64_t high = random.next();
  trace_root_ = http::make_trace_root(now, high, random.next());
  http::combine_trace_id(request_.fields.find(http::FieldId::x_amzn_trace_id), trace_root_,
                         trace_id_);
}

// A body that has come whole and is for nobody: behind it the connection can carry another request.
void Exchange::pass_over_body() {
  if (request_consumed() || request_broken_ || request_relay_.bytes_read() > 0) return;
  http::H1BodyReader reader;
  reader.begin(request_.framing, request_.content_length);
  std::string_view left = client_->in().view();
  while (!reader.finished()) {
    const http::H1BodyReader::Piece piece = reader.next(left);
    if (piece.status == http::BodyStatus::malformed || piece.consumed == 0) return;
    left.remove_prefix(piece.consumed);
  }
  const size_t bytes = client_->in().size() - left.size();
  client_->in().consume(bytes);
  record_.received_bytes += bytes;
  request_sent_ = true;
}

// Stop 9, where Daruma answers by itself.
Next Exchange::answer() {
  if (!response_begun_) {
    if (keep_client_) pass_over_body();
    // What the client still sends of its body is not read any more.
    if (!request_consumed()) keep_client_ = false;
    if (!client_may_stay()) keep_client_ = false;
    write_local_answer(local_,
                       {.method = request_.method,
                        .close = !keep_client_,
                        .server_header = listener_->listener().server_header,
                        .now = environment_.loop.wall_now(),
                        .set_fields = listener_->listener().response_fields.lines},
                       to_client_);
    record_.status = local_.status;
    response_begun_ = true;
    response_relay_.begin(http::Framing::none, 0, http::Framing::none);
    extend_deadline();
  }
  if (timed_out_) {
    timed_out_ = false;
    if (!client_takes()) return client_stands_still();
    extend_deadline();
  }
  switch (response_relay_.pump(client_->in(), to_client_, client_->socket())) {
    case RelayStatus::finished:
      break;
    case RelayStatus::blocked:
      return Next::wait;
    case RelayStatus::needs_input:
    case RelayStatus::malformed:
    case RelayStatus::sink_failed:
      return client_gone();
  }
  step_ = Step::account;
  return Next::proceed;
}

}  // namespace daruma::proxy
