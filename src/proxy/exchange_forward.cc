// SPDX-License-Identifier: Apache-2.0
//
// Stops 8 and 9: the request's body to the target while its response comes back. Both directions
// run at once; each event of either connection tries both.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/limits.h"
#include "proxy/client_stream.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/sticky_session.h"
#include "proxy/target_connection.h"
#include "proxy/target_state.h"

namespace daruma::proxy {
namespace {

constexpr size_t response_read_bytes = 16 * 1024;

}  // namespace

// A client that sends its body slowly takes no place at a target meanwhile, for as much of it as is
// kept here.
Next Exchange::await_body() {
  if (std::exchange(timed_out_, false)) return body_timed_out();
  while (!body_has_begun()) {
    const size_t before = client_->in().size();
    switch (client_->read_more(model::limits::body_beginning_bytes_max)) {
      case ClientStream::ReadOutcome::bytes:
        count_body(client_->in().size() - before);
        extend_deadline();
        continue;
      case ClientStream::ReadOutcome::nothing:
        if (!timer_.is_set()) extend_deadline();
        wait_for_body();
        return Next::wait;
      case ClientStream::ReadOutcome::ended:
        return client_closed_in_body();
      case ClientStream::ReadOutcome::failed:
        return client_gone();
    }
  }
  step_ = Step::pick_target;
  return Next::proceed;
}

// Chunks may be meant to be passed on one by one: the first byte is enough.
bool Exchange::body_has_begun() const {
  uint64_t wanted = 1;
  if (request_.framing == http::Framing::length) {
    wanted = std::min<uint64_t>(request_.content_length, model::limits::body_beginning_bytes_max);
  }
  return client_->in().size() >= wanted;
}

Next Exchange::forward() {
  if (timed_out_) return timed_out();
  if (!request_sent_) {
    const Next next = pump_request();
    if (next == Next::finish || step_ != Step::forward) return next;
  }
  return pump_response();
}

Next Exchange::pump_request() {
  size_t bytes_read = 0;
  for (;;) {
    const RelayStatus status =
        request_relay_.pump(client_->in(), to_target_, connection_->socket());
    if (asked_into_ == 0 && request_relay_.bytes_written() > 0)
      asked_into_ = target_->on_request_sent(connection_->connection(), environment_.loop.now());
    switch (status) {
      case RelayStatus::finished:
        request_sent_ = true;
        if (!response_begun_) sent_at_ = environment_.loop.now();
        extend_deadline();
        return watch_client();
      case RelayStatus::blocked:
        return Next::proceed;
      case RelayStatus::sink_failed:
        // The target may have answered before it closed (413 and the like): its response is read
        // before judging.
        request_sent_ = request_broken_ = true;
        return Next::proceed;
      case RelayStatus::malformed:
        if (response_begun_) return cut_off(model::Reason::request_body_malformed);
        if (connection_untouched()) release_target(true);
        return refuse(400, model::Reason::request_body_malformed);
      case RelayStatus::needs_input:
        break;
    }
    if (turn_is_over(bytes_read)) return Next::proceed;
    const size_t before = client_->in().size();
    switch (client_->read_more(request_relay_.read_size())) {
      case ClientStream::ReadOutcome::bytes:
        bytes_read += client_->in().size() - before;
        count_body(client_->in().size() - before);
        extend_deadline();
        continue;
      case ClientStream::ReadOutcome::nothing:
        // A call of gRPC may have nothing to say for long.
        if (!response_begun_ && group_->group->version != model::ProtocolVersion::grpc)
          wait_for_body();
        return Next::proceed;
      case ClientStream::ReadOutcome::ended:
        return client_closed_in_body();
      case ClientStream::ReadOutcome::failed:
        return client_gone();
    }
  }
}

// Besides the idle timeout, which begins anew with each byte.
void Exchange::wait_for_body() {
  if (load_balancer_->request_body_bytes_per_second_min == 0) return;
  body_pace_.wait(environment_.loop.now());
  if (timer_.deadline() > body_pace_.deadline()) timer_.set(body_pace_.deadline());
}

void Exchange::count_body(size_t bytes) {
  const uint32_t least = load_balancer_->request_body_bytes_per_second_min;
  if (least > 0) body_pace_.came(environment_.loop.now(), bytes, least);
}

Next Exchange::body_timed_out() {
  if (client_->held_up()) {
    body_pace_.excuse(environment_.loop.now());
    extend_deadline();
    wait_for_body();
    return Next::wait;
  }
  const bool slow = environment_.loop.now() >= body_pace_.deadline();
  return refuse(408,
                slow ? model::Reason::request_body_too_slow : model::Reason::request_body_timeout);
}

// Two fast sides would keep the loop to themselves: the others' events come in between.
bool Exchange::turn_is_over(size_t bytes_read) {
  if (bytes_read < model::limits::relay_turn_bytes_max) return false;
  environment_.loop.call_soon(*this);
  return true;
}

Next Exchange::client_closed_in_body() {
  if (response_begun_) return client_left();
  return refuse(400, model::Reason::client_closed);
}

Next Exchange::pump_response() {
  if (!response_begun_) {
    const Next next = read_response_head();
    if (next != Next::proceed || step_ != Step::forward) return next;
  }
  return relay_response();
}

Next Exchange::read_response_head() {
  for (;;) {
    if (!connection_->in().empty()) {
      switch (connection_->parser().parse(connection_->in().view(), request_.method, response_)) {
        case http::ParseStatus::complete: {
          if (response_.status >= 200) return begin_response();
          const Next next = interim_response();
          if (next != Next::proceed || step_ != Step::forward) return next;
          continue;
        }
        case http::ParseStatus::need_more:
          break;
        case http::ParseStatus::line_too_long:
        case http::ParseStatus::field_too_long:
        case http::ParseStatus::head_too_large:
        case http::ParseStatus::too_many_fields:
          return no_answer(model::Reason::target_response_head_too_large);
        case http::ParseStatus::malformed:
        case http::ParseStatus::version_unsupported:
          return no_answer(model::Reason::target_response_malformed);
      }
    }
    if (!connection_->socket().readable()) return Next::wait;
    switch (io::read_into(connection_->in(), response_read_bytes, connection_->socket()).status) {
      case io::IoStatus::done:
        continue;
      case io::IoStatus::blocked:
        return Next::wait;
      case io::IoStatus::end:
      case io::IoStatus::failed:
        return target_closed();
    }
  }
}

// What the target says is no answer.
Next Exchange::no_answer(model::Reason reason) {
  target_->counters().failures_total.add();
  return refuse(502, reason);
}

// 1xx: passed on to clients that know them (RFC 9110 15.2). 100 is dropped, Daruma has said it
// itself; 101 is the last one.
Next Exchange::interim_response() {
  if (response_.status == 101) return switch_protocols();
  if (response_.status != 100 && request_.version.minor >= 1) {
    http::write_forwarded_response(response_, {.client_version = request_.version}, to_client_);
  }
  interim_bytes_ += response_.wire_bytes;
  if (interim_bytes_ > model::limits::interim_responses_bytes_max)
    return no_answer(model::Reason::target_response_head_too_large);
  connection_->in().consume(response_.wire_bytes);
  connection_->parser().reset();
  extend_deadline();
  if (!request_sent_ && !request_relay_.blocked()) wait_for_body();
  if (!flush_interim()) return client_gone();
  if (to_client_.size() <= model::limits::response_head_bytes_max) return Next::proceed;
  return refuse(502, model::Reason::target_response_head_too_large);
}

// An interim response is news now: it does not wait for the final one. What the client's socket
// does not take stays in front of what follows.
bool Exchange::flush_interim() {
  if (to_client_.empty()) return true;
  const io::IoResult sent = client_->socket().write(to_client_.view());
  to_client_.consume(sent.bytes);
  return sent.status != io::IoStatus::failed;
}

Next Exchange::begin_response() {
  response_at_ = environment_.loop.now();
  record_.target_status = record_.status = response_.status;
  TargetConnection& connection = connection_->connection();
  target_->on_answered(connection, response_at_ - sent_at_);
  target_->counters().response_time.record(response_at_ - sent_at_);
  target_->counters().responses[telemetry::status_class(response_.status)].add();
  if (const http::Field* keep_alive = response_.fields.find(http::FieldId::keep_alive)) {
    connection.note_keep_alive(keep_alive->value);
    if (connection.requests() == 1 && connection.announced_timeout())
      target_->note_announced(*connection.announced_timeout());
  }
  if (!target_->server_known()) {
    const http::Field* server = response_.fields.find(http::FieldId::server);
    target_->note_server(server ? server->value : "");
  }
  if (!prepare_fields()) return refuse(502, model::Reason::target_response_head_too_large);
  if (response_.status == 101) return begin_tunnel();
  // The client would take success for an open tunnel.
  if (request_.extended_connect && response_.status / 100 == 2)
    return refuse(502, model::Reason::target_response_malformed);
  if (!response_.keep_alive) target_->on_last_answer(connection, response_.status);
  target_reusable_ =
      response_.keep_alive && !close_target_ && response_.framing != http::Framing::until_close;

  // What the client still sends after this answer would have to be read to its end: the connection
  // ends instead.
  if (!request_consumed()) keep_client_ = target_reusable_ = false;
  if (!client_may_stay()) keep_client_ = false;

  response_alone_ = to_client_.empty();
  const bool client_knows_chunks = request_.version.minor >= 1;
  http::Framing out = response_.framing;
  if (out == http::Framing::until_close && client_knows_chunks) out = http::Framing::chunked;
  if (out == http::Framing::chunked && !client_knows_chunks) out = http::Framing::until_close;
  if (out == http::Framing::until_close) keep_client_ = false;
  const model::ResponseFields& fields = listener_->listener().response_fields;
  http::write_forwarded_response(
      response_,
      {.client_version = request_.version,
       .after = keep_client_ ? http::ClientConnectionAfter::keep_alive
                             : http::ClientConnectionAfter::close,
       .add_chunked =
           out == http::Framing::chunked && response_.framing == http::Framing::until_close,
       .missing_date = response_.fields.find(http::FieldId::date)
                           ? ""
                           : environment_.date.at(environment_.loop.wall_now()),
       .added_fields = session_fields(),
       .set_fields = fields.lines,
       .set_names = fields.names},
      to_client_);
  response_relay_.begin(response_.framing, response_.content_length, out);
  connection_->in().consume(response_.wire_bytes);
  response_begun_ = true;
  extend_deadline();
  return Next::proceed;
}

// Of sticky sessions and of the listener. False if they and the target's head are too large
// together.
bool Exchange::prepare_fields() {
  size_t bytes = listener_->listener().response_fields.lines.size();
  if (sticky_) [[unlikely]] {
    write_session();
    bytes += sticky_->fields.size();
  }
  return to_client_.size() + response_.wire_bytes + http::forwarded_response_bytes_extra + bytes <=
         Buffer::size_max();
}

std::string_view Exchange::session_fields() const {
  return sticky_ ? sticky_->fields : std::string_view();
}

Next Exchange::relay_response() {
  size_t bytes_read = 0;
  for (;;) {
    switch (response_relay_.pump(connection_->in(), to_client_, client_->socket())) {
      case RelayStatus::finished:
        return response_complete();
      case RelayStatus::blocked:
        return Next::wait;
      case RelayStatus::sink_failed:
        return client_gone();
      case RelayStatus::malformed:
        return break_off(model::Reason::target_response_malformed);
      case RelayStatus::needs_input:
        break;
    }
    if (!connection_->socket().readable() || turn_is_over(bytes_read)) return Next::wait;
    const size_t room = Buffer::size_max() - connection_->in().size();
    const io::IoResult result = io::read_into(
        connection_->in(), std::min(response_relay_.read_size(), room), connection_->socket());
    if (result.status == io::IoStatus::done) {
      bytes_read += result.bytes;
      extend_deadline();
      continue;
    }
    if (result.status == io::IoStatus::blocked) return Next::wait;
    if (result.status == io::IoStatus::failed || !response_relay_.source_closed())
      return target_closed();
  }
}

Next Exchange::response_complete() {
  // A target that sent more than its response can't be trusted with another request.
  if (!connection_->in().empty()) target_reusable_ = false;
  // The whole answer came before the whole request had gone: neither connection can carry another.
  if (!request_consumed()) keep_client_ = target_reusable_ = false;
  step_ = Step::account;
  return Next::proceed;
}

Next Exchange::target_closed() {
  const TargetHttp2Stream* const stream = connection_->http2();
  if (response_begun_) {
    const bool malformed = stream && stream->malformed();
    return break_off(malformed ? model::Reason::target_response_malformed
                               : model::Reason::target_response_truncated);
  }
  if (!connection_->in().empty()) return no_answer(model::Reason::target_response_truncated);
  const bool reset = connection_->socket().error() == io::SocketError::reset;
  model::Reason reason = reset ? model::Reason::target_reset_before_response
                               : model::Reason::target_closed_before_response;
  if (stream && stream->failure() != model::Reason::none) reason = stream->failure();
  if (was_refused()) {
    return may_send_again() ? try_again(reason) : no_answer(reason);
  }
  const bool fresh = connection_->connection().requests() == 1;
  if (fresh || (stream && !stream->lost())) {
    target_->on_failed(reason, FailureStreak::Where::later);
    return refuse(502, reason);
  }
  if (!may_replay() || !take_retry()) return no_answer(reason);
  target_->counters().failures_total.add();
  return try_again(reason);
}

// A kept-alive connection that nothing of this request has reached.
bool Exchange::connection_untouched() const {
  return connection_->connection().requests() > 1 && request_relay_.bytes_written() == 0;
}

// RFC 9110 9.2.2: a kept-alive connection that ends when it is used again was most likely being
// closed already. The request may be sent again if it has not left, or if twice is the same as once
// and none of it is gone. A stream of HTTP/2 that is reset alone was looked at.
bool Exchange::may_replay() const {
  if (connection_->connection().requests() == 1) return false;
  if (connection_->http2() && !connection_->http2()->lost()) return false;
  if (request_relay_.bytes_written() == 0) return true;
  return request_.framing == http::Framing::none && http::is_idempotent(request_.method);
}

// RFC 9113 8.7: nobody has looked at the request, whatever it asks for.
bool Exchange::was_refused() const {
  return connection_->http2() && connection_->http2()->refused();
}

// That costs the target nothing, so no budget is asked; and where connections end after some tens
// of requests, what many streams wait for may meet one GOAWAY after another.
bool Exchange::may_send_again() const {
  if (retries_ + 1 >= model::limits::refusals_per_request_max || environment_.draining)
    return false;
  return connection_->http2()->keeps_all(to_target_) || request_.framing == http::Framing::none;
}

Next Exchange::timed_out() {
  timed_out_ = false;
  if (somebody_takes()) {
    extend_deadline();
    return Next::wait;
  }
  if (response_begun_) {
    if (response_relay_.blocked()) return client_stands_still();
    return break_off(model::Reason::target_body_timeout);
  }
  if (request_sent_) {
    target_->on_failed(model::Reason::target_response_timeout, FailureStreak::Where::later);
    return refuse(504, model::Reason::target_response_timeout);
  }
  if (request_relay_.blocked()) {
    target_->counters().failures_total.add();
    return refuse(504, model::Reason::target_body_timeout);
  }
  return body_timed_out();
}

// A blocked side that takes what its socket keeps is not idle, though it cannot be written to yet.
bool Exchange::somebody_takes() {
  if (response_begun_ && response_relay_.blocked()) return client_takes();
  return !request_sent_ && request_relay_.blocked() &&
         request_relay_.sink_moves(connection_->socket());
}

bool Exchange::client_takes() {
  const bool moves = response_relay_.sink_moves(client_->socket());
  return client_->waits_for_others() || moves;
}

void Exchange::extend_deadline() {
  timer_.set(environment_.loop.now() + load_balancer().idle_timeout);
}

}  // namespace daruma::proxy
