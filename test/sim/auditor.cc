// SPDX-License-Identifier: Apache-2.0
#include "sim/auditor.h"

#include <algorithm>

#include "base/bytes.h"
#include "http/message.h"
#include "sim/access_log_reader.h"
#include "sim/sim_loop.h"

namespace daruma::sim {

std::string_view name_of(Ending ending) {
  switch (ending) {
    case Ending::pending:
      return "pending";
    case Ending::complete:
      return "complete";
    case Ending::closed:
      return "closed";
    case Ending::reset:
      return "reset";
    case Ending::refused:
      return "refused";
    case Ending::left:
      return "left";
  }
  return "";
}

void Auditor::violation(std::string what) {
  if (violated()) return;
  violation_ = std::move(what);
  network_.note("VIOLATION " + violation_);
  network_.stop();
}

void Auditor::violation(Token token, const std::string& what) {
  violation(what + " [token " + text_of(token) + "]");
}

ExchangeRecord* Auditor::find(Token token, std::string_view who) {
  const auto found = exchanges_.find(token);
  if (found != exchanges_.end()) return &found->second;
  violation(token, std::string(who) + " saw a token that no client sent");
  return nullptr;
}

// --- Clients ---

void Auditor::on_request_begun(const RequestScript& script, uint32_t connection, bool after_fault) {
  ExchangeRecord& record = exchanges_[script.token];
  record.client.script = script;
  record.client.connection = connection;
  if (const Connection* c = network_.connection(connection)) record.client.listener = c->to();
  record.client.begun = record.client.busy_since = record.client.last_sent = network_.now();
  for (const auto& [token, other] : exchanges_) {
    const ClientSide& earlier = other.client;
    if (earlier.connection != connection || earlier.ending != Ending::pending) continue;
    record.client.busy_since = std::min(record.client.busy_since, earlier.busy_since);
  }
  record.client.after_fault = after_fault;
  network_.note("client begins " + text_of(script.token) + " " + script.method + " " + script.path +
                " " + std::string(name_of(script.malformation)));
}

void Auditor::on_cookies(Token token, const std::map<std::string, std::string>& cookies) {
  exchanges_[token].client.cookies = cookies;
  for (const auto& [name, value] : cookies) network_.note("client brings " + name + "=" + value);
}

void Auditor::on_request_bytes(Token token, bool head_sent, bool all_sent) {
  ExchangeRecord* record = find(token, "client");
  if (!record) return;
  record->client.last_sent = network_.now();
  record->client.head_sent |= head_sent;
  record->client.all_sent |= all_sent;
}

// The worker that has accepted is known only after a while; a connection that is gone keeps it.
void Auditor::learn_worker(ExchangeRecord& record) {
  const Connection* connection = network_.connection(record.client.connection);
  if (connection && connection->accepting_loop() != connection->from_loop())
    record.worker_loop = connection->accepting_loop();
}

void Auditor::on_client_read(Token token) {
  if (ExchangeRecord* record = find(token, "client"))
    record->response.last_activity = network_.now();
}

void Auditor::on_client_shrinks_window(Token token) {
  if (ExchangeRecord* record = find(token, "client")) record->client.window_shrunk = true;
}

void Auditor::on_interim(Token token, const SimHead& head) {
  ExchangeRecord* record = find(token, "client");
  if (!record) return;
  record->response.last_activity = network_.now();
  if (record->client.script.minor_version == 0)
    violation(token, "an HTTP/1.0 client got " + head.start_line);
  // It may have come from a target that was given up for another since.
  const bool sure = record->target.arrivals == 1 || record->target.planned;
  if (head.find(target_field) && sure) check_response_token(*record, head);
}

void Auditor::on_response_head(Token token, const SimHead& head, MessageReader::Framing framing) {
  ExchangeRecord* record = find(token, "client");
  if (!record) return;
  ResponseSeen& seen = record->response;
  if (seen.status != 0) return violation(token, "a second response to one request");
  if (record->client.ending != Ending::pending)
    return violation(token, "a response after the exchange had ended");
  learn_worker(*record);
  seen.status = head.status();
  seen.framing = framing;
  seen.head = head;
  seen.last_activity = network_.now();
  seen.from_target = head.find(target_field) != nullptr;
  network_.note("client sees " + text_of(token) + " " + seen.head.start_line);
  if (is_poison(seen.head.start_line))
    return violation(token, "a body's bytes were taken for a response: " + seen.head.start_line);
  if (seen.from_target) {
    check_response_token(*record, head);
  } else if (!settings_.through_daruma) {
    violation(token, "a response without token: " + seen.head.start_line);
  }
}

void Auditor::check_response_token(ExchangeRecord& record, const SimHead& head) {
  const Token token = record.client.script.token;
  const std::string* seen = head.find(token_field);
  if (!seen || *seen != text_of(token))
    return violation(token, "the response belongs to token " + (seen ? *seen : "(none)"));
  if (!record.target.planned) return violation(token, "a response that no target has sent");
  if (head.status() == 101 && record.target.plan.status != 101)
    return violation(token, "a 101 that no target has said");
  if (head.status() < 200) return;
  const TargetPlan& plan = record.target.plan;
  if (head.status() != plan.status)
    return violation(token, "status " + std::to_string(head.status()) + ", the target said " +
                                std::to_string(plan.status));
  const std::string* sum = head.find(checksum_field);
  if (!plan.early && (!sum || *sum != hex(record.target.body_checksum)))
    return violation(token, "the checksum of the request's body was lost or changed");
  const std::string* length = head.find("Content-Length");
  if (length && parse_decimal(*length) != plan.body_size)
    violation(token,
              "Content-Length " + *length + ", the target said " + std::to_string(plan.body_size));
}

void Auditor::on_response_body(Token token, std::string_view bytes) {
  ExchangeRecord* record = find(token, "client");
  if (!record) return;
  ResponseSeen& seen = record->response;
  seen.last_activity = network_.now();
  if (!seen.from_target) {
    seen.own_body += bytes;
    return;
  }
  if (!is_body(token, BodyOf::response, seen.body_bytes, bytes))
    return violation(token, "foreign bytes in the response's body at or after offset " +
                                std::to_string(seen.body_bytes));
  seen.body_bytes += bytes.size();
}

void Auditor::on_response_complete(Token token, const std::string& trailers) {
  ExchangeRecord* record = find(token, "client");
  if (!record || violated()) return;
  record->client.ending = Ending::complete;
  record->client.ended = record->response.last_activity = network_.now();
  ++completed_;
  network_.note("client has all of " + text_of(token));
  const ResponseSeen& seen = record->response;
  if (!seen.from_target) return;
  const TargetPlan& plan = record->target.plan;
  if (seen.framing == MessageReader::Framing::none) return;
  if (!plan.whole)
    return violation(token, "a response that the target broke off was passed on as whole");
  if (seen.body_bytes != plan.body_size)
    return violation(token, "the response's body has " + std::to_string(seen.body_bytes) +
                                " bytes, the target sent " + std::to_string(plan.body_size));
  if (!trailers.empty() && ascii_lowered(trailers) != ascii_lowered(plan.trailers))
    violation(token, "trailers of the response: " + trailers);
}

bool Auditor::tunnel_is_complete(Token token) const {
  const auto found = exchanges_.find(token);
  return found != exchanges_.end() && found->second.target.plan.whole &&
         found->second.response.body_bytes == found->second.target.plan.body_size;
}

void Auditor::on_client_half_closed(Token token) {
  if (ExchangeRecord* record = find(token, "client")) record->client.excused = true;
}

void Auditor::on_client_abuse(Token token) {
  if (ExchangeRecord* record = find(token, "client")) record->client.excused = true;
}

void Auditor::on_client_end(Token token, Ending ending, bool after_close_announced) {
  ExchangeRecord* record = find(token, "client");
  if (!record || record->client.ending != Ending::pending) return;
  learn_worker(*record);
  record->client.ending = ending;
  record->client.ended = network_.now();
  if (const Connection* c = network_.connection(record->client.connection)) {
    record->client.idle_at_close = c->idle_at_close(Connection::acceptor).value_or(-1ns);
    record->client.last_heard = c->end(Connection::acceptor).reads.last();
    record->client.said_end = c->end(Connection::acceptor).said_finished;
    record->client.kept_at_close = c->end(Connection::acceptor).kept_at_close;
  }
  record->client.after_close_announced = after_close_announced;
  network_.note("client's end of " + text_of(token) + ": " + std::string(name_of(ending)));
}

// --- Targets ---

const ExchangeRecord* Auditor::on_target_head(const SimHead& head, const Address& target,
                                              uint32_t connection) {
  if (is_poison(head.start_line)) {
    violation("a body's bytes reached a target as a request: " + head.start_line);
    return nullptr;
  }
  const std::string* field = head.find(token_field);
  const std::optional<Token> token = field ? parse_token(*field) : std::nullopt;
  if (!token) {
    violation("a target got a request without token: " + head.start_line);
    return nullptr;
  }
  ExchangeRecord* record = find(*token, "target");
  if (!record) return nullptr;
  const Connection* c = network_.connection(connection);
  const Instant sent = c ? c->end(Connection::initiator).writes.last() : Instant{};
  if (record->target.arrivals > 0 && !may_come_again(*record)) return nullptr;
  if (record->target.arrivals > 0 && sent < record->target.sent) {
    // Given up on, and overtaken by the attempt after it.
    ++record->target.arrivals;
    network_.note("target " + target.to_string() + " gets, too late, " + text_of(*token));
    return record;
  }
  if (record->target.arrivals > 0) forget_first_arrival(*record);
  ++record->target.arrivals;
  record->target.target = target;
  record->target.connection = connection;
  record->target.sent = sent;
  record->target.arrived = record->target.last_activity = network_.now();
  if (c) record->target.worker_loop = c->from_loop();
  learn_worker(*record);
  network_.note("target " + target.to_string() + " gets " + text_of(*token));
  check_forwarded_head(*record, head);
  return violated() ? nullptr : record;
}

// A request may come again where a kept-alive connection ended under it: if twice is the same as
// once, and nothing of an answer had come. The log line must own up to it.
bool Auditor::may_come_again(const ExchangeRecord& record) {
  const auto method = http::method_of(record.client.script.method);
  if (record.client.script.body == RequestBody::none && http::is_idempotent(method)) return true;
  violation(record.client.script.token, "the request reached a target twice");
  return false;
}

void Auditor::forget_first_arrival(ExchangeRecord& record) {
  if (record.response.from_target)
    return violation(record.client.script.token,
                     "the request reached another target after it was answered");
  const int arrivals = record.target.arrivals;
  record.target = {};
  record.target.arrivals = arrivals;
}

// Nullptr where the worker has gone on to another target: what this one does is nobody's answer.
ExchangeRecord* Auditor::find_at_target(Token token, uint32_t connection) {
  ExchangeRecord* record = find(token, "target");
  return record && record->target.connection == connection ? record : nullptr;
}

void Auditor::check_forwarded_head(const ExchangeRecord& record, const SimHead& head) {
  const RequestScript& script = record.client.script;
  const Token token = script.token;
  if (head.target().find(text_of(token)) == std::string::npos)
    return violation(token, "path and field differ: " + head.start_line);
  if (head.method() != script.method && script.malformation == Malformation::none)
    return violation(token, "method became " + head.method());
  if (head.target() != script.path && script.malformation == Malformation::none)
    return violation(token, "target became " + head.target());
  if (!settings_.through_daruma) return;
  if (!head.start_line.ends_with(" HTTP/1.1")) return violation(token, "not HTTP/1.1 to a target");
  for (const char* name :
       {"Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Amzn-Trace-Id"}) {
    if (head.count(name) != 1) return violation(token, std::string(name) + " is not there once");
  }
  if (*head.find("X-Forwarded-For") != "192.0.2.1")
    return violation(token, "X-Forwarded-For: " + *head.find("X-Forwarded-For"));
  if (*head.find("X-Forwarded-Port") != std::to_string(record.client.listener.port()))
    return violation(token, "X-Forwarded-Port: " + *head.find("X-Forwarded-Port"));
  const std::string* length = head.find("Content-Length");
  if (script.body == RequestBody::length && script.malformation == Malformation::none &&
      (!length || parse_decimal(*length) != script.body_size))
    return violation(token, "Content-Length became " + (length ? *length : "nothing"));
  if (head.find("Expect")) return violation(token, "Expect was passed on");
  const std::string* upgrade = head.find("Upgrade");
  const std::string* options = head.find("Connection");
  const bool asks = upgrade && *upgrade == "sim" && options && *options == "Upgrade";
  if (script.upgrade ? !asks : upgrade != nullptr)
    return violation(token, "Upgrade became " + (upgrade ? *upgrade : "nothing"));
  if (record.worker_loop != 0 && record.target.worker_loop != record.worker_loop)
    return violation(token, "another worker's target connection carries it");
}

void Auditor::on_target_plan(Token token, uint32_t connection, const TargetPlan& plan) {
  ExchangeRecord* record = find_at_target(token, connection);
  if (!record) return;
  record->target.planned = true;
  record->target.plan = plan;
  network_.note("target's plan for " + text_of(token) + ": " + std::to_string(plan.status) + " " +
                std::to_string(plan.body_size) + " bytes" + (plan.whole ? "" : ", broken off") +
                (plan.well_formed ? "" : ", malformed") + (plan.never ? ", hangs" : "") +
                (plan.early ? ", early" : ""));
}

void Auditor::on_target_body(Token token, uint32_t connection, std::string_view bytes) {
  ExchangeRecord* record = find_at_target(token, connection);
  if (!record) return;
  TargetSide& side = record->target;
  side.last_activity = network_.now();
  if (!is_body(token, BodyOf::request, side.body_bytes, bytes))
    return violation(token, "foreign bytes in the request's body at or after offset " +
                                std::to_string(side.body_bytes));
  side.body_checksum = checksum(side.body_checksum, bytes);
  side.body_bytes += bytes.size();
}

void Auditor::on_target_body_complete(Token token, uint32_t connection,
                                      const std::string& trailers) {
  ExchangeRecord* record = find_at_target(token, connection);
  if (!record) return;
  record->target.body_complete = true;
  record->target.last_activity = network_.now();
  const RequestScript& script = record->client.script;
  if (script.malformation != Malformation::none) return;
  if (!record->client.all_sent)
    return violation(token, "the request was whole at the target before the client had sent it");
  if (record->target.body_bytes != script.body_size && script.body != RequestBody::none)
    return violation(token, "the request's body has " + std::to_string(record->target.body_bytes) +
                                " bytes, the client sent " + std::to_string(script.body_size));
  if (!trailers.empty() && ascii_lowered(trailers) != ascii_lowered(script.trailers))
    violation(token, "trailers of the request: " + trailers);
}

void Auditor::on_target_activity(Token token, uint32_t connection) {
  if (ExchangeRecord* record = find_at_target(token, connection))
    record->target.last_activity = network_.now();
}

void Auditor::on_target_response_sent(Token token, uint32_t connection) {
  if (ExchangeRecord* record = find_at_target(token, connection))
    record->target.response_sent = true;
}

void Auditor::on_tunnel_ended(Token token, uint32_t connection) {
  ExchangeRecord* record = find_at_target(token, connection);
  if (!record) return;
  record->target.last_activity = network_.now();
  record->target.cut_short = record->target.body_bytes != record->client.script.tunnel_size;
}

void Auditor::on_target_event(uint32_t connection, bool announced) {
  if (network_.verbose())
    network_.note("target closes " + std::to_string(connection) +
                  (announced ? " as announced" : ""));
  const Connection* c = network_.connection(connection);
  if (!c) return;
  target_events_.push_back({network_.now(), c->from_loop(), c->to(), connection, announced});
}

void Auditor::on_target_refused(const SimHead& head) {
  const std::string* field = head.find(token_field);
  const std::optional<Token> token = field ? parse_token(*field) : std::nullopt;
  if (!token) return violation("a target got a request without token: " + head.start_line);
  if (ExchangeRecord* record = find(*token, "target")) ++record->refusals;
  network_.note("target refuses " + text_of(*token));
}

void Auditor::on_disturbance(const Address& target) {
  disturbances_.push_back({network_.now(), target});
}

// --- Access log ---

void Auditor::on_log_line(std::string_view line) {
  network_.note("log " + std::string(line));
  const std::optional<AccessLogLine> parsed = parse_access_log_line(line);
  if (!parsed) return violation("access-log line is not in ALB's format: " + std::string(line));
  if (!parsed->token) return;  // a request that was not understood
  ExchangeRecord* record = find(*parsed->token, "access log");
  if (!record) return;
  LogSeen& log = record->log;
  if (++log.lines > 1) return violation(*parsed->token, "a second access-log line");
  log.at = network_.now();
  log.status = parsed->status;
  log.target_status = parsed->target_status;
  note_idle(*record);
  log.target = parsed->target;
  log.targets = parsed->targets;
  log.target_group = parsed->target_group;
  log.action = parsed->action;
  log.rule_priority = parsed->rule_priority;
  log.reason = parsed->reason;
}

// An answer that Daruma makes itself is not counted: it comes after it gave up.
void Auditor::note_idle(ExchangeRecord& record) const {
  const Connection* client = network_.connection(record.client.connection);
  // What moves on a connection of many streams says nothing of one.
  if (!client || record.client.script.http2) return;
  const Connection::End& end = client->end(Connection::acceptor);
  // Once the request is whole, what is read is the next one; what is read together with writing the
  // line is thrown away.
  const Instant now = network_.now();
  Instant asked = record.target.body_complete ? Instant{} : end.reads.last_before(now);
  Instant answered{}, told{}, given{};
  if (record.log.target_status != 0) {
    told = end.writes.last();
    given = end.keeps ? end.accepts.last() : told;
  }
  if (const Connection* target = network_.connection(record.target.connection)) {
    asked = std::max(asked, target->end(Connection::initiator).writes.last());
    answered = target->end(Connection::initiator).reads.last();
  }
  record.log.request_idle = now - asked;
  record.log.idle = now - std::max({asked, answered, told});
  record.log.given_idle = now - std::max({asked, answered, given});
}

// --- Progress ---

Instant Auditor::last_activity(const ExchangeRecord& record) const {
  Instant last = std::max({record.client.begun, record.client.last_sent,
                           record.target.last_activity, record.response.last_activity});
  for (const uint32_t id : {record.client.connection, record.target.connection}) {
    if (const Connection* connection = network_.connection(id))
      last = std::max(last, connection->quiet_from());
  }
  return last;
}

// Longer than this, nothing may stand still. Network faults delay single bytes; what they hold up
// is in last_activity already, and a loop that is not scheduled delays all.
Duration Auditor::patience(const ExchangeRecord& record) const {
  const NetworkFaults& f = settings_.faults;
  const Duration slack = 2s + 4 * (f.loop_stalls ? f.loop_stall_most : 0s) +
                         (f.stalls ? f.stall_most : 0s) + 16 * f.latency_most;
  if (!record.client.head_sent) return 20s + slack;  // limits::request_head_timeout
  // Before it reaches a target, and after its connection to one has ended: it may be on its way to
  // another.
  const bool at_target =
      record.target.arrivals > 0 && network_.connection(record.target.connection) != nullptr;
  if (!at_target) return 10s + settings_.idle_timeout_most + slack;
  return settings_.idle_timeout_most + slack;
}

void Auditor::sweep() {
  for (auto& [token, record] : exchanges_) {
    if (record.client.ending != Ending::pending) continue;
    // A client that does not listen does not hear of the end.
    if (record.client.script.act == ClientAct::stop_receiving && record.log.lines > 0) continue;
    learn_worker(record);
    const Duration still = network_.now() - last_activity(record);
    if (still > patience(record))
      return violation(token, "nothing has moved for " + std::to_string(seconds_of(still)) +
                                  " s and the exchange has not ended");
  }
}

}  // namespace daruma::sim
