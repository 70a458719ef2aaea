// SPDX-License-Identifier: Apache-2.0
//
// How each exchange ended, and whether something in the run explains it: an error that Daruma
// answers with needs a cause, and the reason in its log line must be that cause.
#include <algorithm>
#include <array>

#include "model/limits.h"
#include "sim/auditor.h"

namespace daruma::sim {
namespace {

std::optional<model::Reason> reason_of(std::string_view name) {
  for (int i = 0; i < model::reason_count; ++i) {
    const auto reason = static_cast<model::Reason>(i);
    if (model::name_of(reason) == name) return reason;
  }
  return std::nullopt;
}

// The pages' lengths, measured on real load balancers.
size_t page_bytes(int status) {
  switch (status) {
    case 400:
    case 502:
      return 122;
    case 503:
      return 162;
    case 504:
      return 132;
    default:
      return 0;
  }
}

}  // namespace

void Auditor::check_all_ended() {
  for (const auto& [token, record] : exchanges_) {
    if (violated()) return;
    judge(record);
  }
}

void Auditor::judge(const ExchangeRecord& record) {
  const Token token = record.client.script.token;
  if (record.client.ending == Ending::pending) return violation(token, "the exchange never ended");
  if (!settings_.through_daruma) return;
  judge_log(record);
  if (violated() || record.client.ending == Ending::left) return;
  if (record.client.ending == Ending::refused) return judge_refused(record);
  if (record.client.ending != Ending::complete) return judge_missing_response(record);
  if (!record.response.from_target) judge_own_response(record);
}

void Auditor::judge_log(const ExchangeRecord& record) {
  const Token token = record.client.script.token;
  const bool malformed = record.client.script.malformation != Malformation::none;
  const bool served = record.target.arrivals > 0 || record.response.status != 0;
  // The line of a request whose head never came whole names no path.
  if (record.log.lines == 0 && served && !malformed && record.client.head_sent)
    return violation(token, "no access-log line");
  if (record.log.lines == 0) return;
  if (record.response.status != 0 && record.log.status != record.response.status)
    return violation(token, "the access log says " + std::to_string(record.log.status) +
                                ", the client saw " + std::to_string(record.response.status));
  const std::string target = record.target.target.to_string();
  const bool last = record.log.target == target;
  const bool earlier = record.log.targets.starts_with(target + ' ') ||
                       record.log.targets.find(' ' + target + ' ') != std::string::npos;
  if (record.target.arrivals > 0 && !last && !(earlier && !record.response.from_target))
    return violation(token,
                     "the access log names target " + record.log.targets + ", it was " + target);
  const auto sent = 1 + std::ranges::count(record.log.targets, ' ');
  if (record.target.arrivals > sent)
    return violation(token, "the request was sent " + std::to_string(record.target.arrivals) +
                                " times, the access log says " + std::to_string(sent));
  // After an upgrade the other direction may go on, and break off.
  const bool may_go_on = record.response.status == 101;
  if (record.response.from_target && record.client.ending == Ending::complete &&
      record.log.reason != "-" && !(may_go_on && reason_holds(record)))
    return violation(
        token, "the client has all of a target's answer, the access log says " + record.log.reason);
  // As one side was reset, so is the other: no FIN says that there was no more.
  const bool reset =
      record.log.reason == "client_closed" || record.log.reason == "target_response_truncated";
  const bool cut = record.response.status != 0 && record.client.ending == Ending::closed;
  if (reset && record.log.status == 101 && (cut || record.target.cut_short))
    return violation(token, "after an upgrade a reset was passed on as an end");
  if (record.target.cut_short && !reason_holds(record))
    return violation(token, "the target heard an end before all was said, log reason " +
                                record.log.reason + ", and nothing in the run explains it");
  if (record.response.from_target && record.log.target_status != record.target.plan.status)
    violation(token,
              "the access log's target status is " + std::to_string(record.log.target_status));
}

// HTTP/2: the client was told that nobody looked at its request, and may send it again.
void Auditor::judge_refused(const ExchangeRecord& record) {
  const Token token = record.client.script.token;
  if (record.target.arrivals + record.refusals > 0)
    return violation(token, "refused to the client, and sent to a target");
  if (record.log.lines > 0) return violation(token, "refused, and in the access log");
  if (record.response.status != 0) violation(token, "refused, and answered");
}

void Auditor::judge_own_response(const ExchangeRecord& record) {
  const Token token = record.client.script.token;
  if (record.log.lines == 0) return;  // judge_log() has judged that
  if (record.log.action == "fixed-response" || record.log.action == "redirect") return;
  const std::string status = std::to_string(record.response.status);
  if (record.log.reason == "-")
    return violation(token, "Daruma answered " + status + " without a reason");
  // gRPC says it in fields.
  const bool none = record.client.script.method == "HEAD" || record.client.script.grpc;
  const size_t page = none ? 0 : page_bytes(record.response.status);
  if (page > 0 && record.response.own_body.size() != page)
    return violation(token, "the page of a " + status + " has " +
                                std::to_string(record.response.own_body.size()) + " bytes");
  if (!reason_holds(record))
    violation(token, "Daruma answered " + status + " because of " + record.log.reason +
                         ", which nothing in the run explains");
}

void Auditor::judge_missing_response(const ExchangeRecord& record) {
  const ClientSide& client = record.client;
  if (client_is_to_blame(record) || client.after_close_announced || client.after_fault) return;
  if (connection_fault(client.connection, {FaultKind::refused, FaultKind::reset_on_connect,
                                           FaultKind::unreachable, FaultKind::black_holed,
                                           FaultKind::out_of_descriptors, FaultKind::nobody_listens,
                                           FaultKind::reset, FaultKind::accept_queue_reset}))
    return;
  // Closed for being idle, before a byte of the request had been read, or could be: where an answer
  // is still on its way to the client, so is the end that was said behind it.
  const bool unheard = client.last_heard < client.begun || client.said_end <= client.begun;
  // Or after all of the answer had been written: what the client then says is answered by a reset,
  // and that takes away what it has not read yet. An end that is no reset takes nothing away, but
  // where the client took nothing of what the socket kept for it.
  const bool whole = record.log.lines > 0 && record.log.reason == "-";
  const bool answered = whole && (client.ending == Ending::reset || client.kept_at_close > 0);
  if ((unheard || answered) && client.idle_at_close + 2ms >= settings_.idle_timeout_least) return;
  // What has arrived is answered, also while the node drains and after its listener has gone.
  const bool listener_gone = std::ranges::any_of(listener_removals_, [&](const auto& removal) {
    return removal.port == client.listener.port() && removal.at >= client.begun - 10s &&
           removal.at <= client.ended;
  });
  const bool closing = listener_gone || draining_since_ <= client.ended;
  if (closing && (unheard || (answered && client.kept_at_close == 0))) return;
  if (stopped_at_ <= client.ended) return;
  if (connections_limited_ && record.response.status == 0 && record.log.lines == 0) return;
  if (record.log.lines > 0 && record.log.reason != "-" && reason_holds(record)) return;
  if (whole && client.ending == Ending::reset && reset_tells_of_a_cut(record)) return;
  // HTTP/2: so is one whose request's head comes so slowly that it is idle meanwhile.
  const NetworkFaults& f = settings_.faults;
  const bool behind_large = std::ranges::any_of(exchanges_, [&](const auto& entry) {
    const ClientSide& other = entry.second.client;
    return other.connection == client.connection && other.script.head_filler > 0;
  });
  const bool in_pieces = f.fragments || f.short_writes || f.stalls || behind_large;
  const bool untouched = record.log.lines + record.target.arrivals + record.response.status == 0;
  if (client.script.http2 && untouched && in_pieces &&
      std::max(client.ended - client.begun, client.idle_at_close) + 2ms >=
          settings_.idle_timeout_least)
    return;
  // And one that takes nothing of what its streams were answered.
  const Duration stood_still = client.ended - record.log.at + 2ms;
  if (whole && client.script.http2 && stood_still >= settings_.idle_timeout_least) return;
  violation(client.script.token,
            std::string(record.response.status == 0 ? "no answer" : "an answer broken off") + " (" +
                std::string(name_of(client.ending)) + "), log reason " + record.log.reason +
                ", and nothing in the run explains it");
}

// --- Evidence ---

// Where an answer to HTTP/1.0, which ends with the connection, breaks off, only a reset tells so;
// and that takes away what the client has not read of the answers before it.
bool Auditor::reset_tells_of_a_cut(const ExchangeRecord& record) const {
  return std::ranges::any_of(exchanges_, [&](const auto& entry) {
    const ExchangeRecord& later = entry.second;
    return later.client.connection == record.client.connection &&
           later.client.begun >= record.client.begun && later.client.script.minor_version == 0 &&
           later.log.lines > 0 && later.log.at >= record.log.at && later.log.reason != "-" &&
           later.log.target_status != 0;
  });
}

bool Auditor::client_is_to_blame(const ExchangeRecord& record) const {
  const RequestScript& script = record.client.script;
  return record.client.excused || script.malformation != Malformation::none ||
         script.act != ClientAct::polite;
}

Instant Auditor::ended_at(const ExchangeRecord& record) const {
  return std::max(record.client.ended, record.log.at);
}

bool Auditor::connection_fault(uint32_t connection, std::initializer_list<FaultKind> kinds) const {
  return std::ranges::any_of(network_.fault_log(), [&](const FaultRecord& fault) {
    return fault.connection == connection &&
           std::find(kinds.begin(), kinds.end(), fault.kind) != kinds.end();
  });
}

// While it waited in a group's line, and was nobody's yet.
bool Auditor::lacked_descriptors(const ExchangeRecord& record) const {
  return std::ranges::any_of(network_.fault_log(), [&](const FaultRecord& fault) {
    return fault.kind == FaultKind::out_of_descriptors && fault.loop == record.worker_loop &&
           fault.at >= record.client.begun - 1s && fault.at <= ended_at(record);
  });
}

// On a connection from the exchange's worker to the target that its log line names.
bool Auditor::connect_fault(const ExchangeRecord& record,
                            std::initializer_list<FaultKind> kinds) const {
  return std::ranges::any_of(network_.fault_log(), [&](const FaultRecord& fault) {
    return (record.worker_loop == 0 || fault.loop == record.worker_loop) &&
           fault.at >= record.client.begun - 1s && fault.at <= ended_at(record) &&
           fault.to.to_string() == record.log.target &&
           std::find(kinds.begin(), kinds.end(), fault.kind) != kinds.end();
  });
}

bool Auditor::anything_slow(Instant from, Instant to) const {
  return std::ranges::any_of(network_.fault_log(), [&](const FaultRecord& fault) {
    const bool slow = fault.kind == FaultKind::stall || fault.kind == FaultKind::loop_stall ||
                      fault.kind == FaultKind::late_wake || fault.kind == FaultKind::slow_connect;
    return slow && fault.at <= to && fault.until >= from;
  });
}

bool Auditor::target_broke(const ExchangeRecord& record) const {
  const TargetPlan& plan = record.target.plan;
  if (record.target.planned && (!plan.whole || !plan.well_formed || plan.never)) return true;
  if (connect_fault(record, {FaultKind::reset, FaultKind::accept_queue_reset})) return true;
  const NetworkFaults& f = settings_.faults;
  const Instant from = record.client.begun - 1s - f.stall_most - f.loop_stall_most;
  const Instant to = ended_at(record);
  const bool slow = anything_slow(from - 10s, to);
  const bool event = std::ranges::any_of(target_events_, [&](const TargetEvent& e) {
    return e.at <= to && (e.at >= from || e.connection == record.target.connection) &&
           (record.worker_loop == 0 || e.loop == record.worker_loop) &&
           e.target.to_string() == record.log.target && (!e.announced || slow);
  });
  return event || std::ranges::any_of(disturbances_, [&](const Removal& d) {
           return d.at >= from && d.at <= to && d.target.to_string() == record.log.target;
         });
}

// Nobody looked at it, and it could not be sent again: too often, or what had gone of its body was
// too much to be kept.
bool Auditor::refused_for_good(const ExchangeRecord& record) const {
  const auto attempts = 1 + std::ranges::count(record.log.targets, ' ');
  const RequestScript& script = record.client.script;
  const bool large = script.body != RequestBody::none &&
                     script.body_size + script.head_filler + script.trailers.size() > 8'000;
  return attempts >= model::limits::refusals_per_request_max || large ||
         draining_since_ <= ended_at(record);
}

namespace {

bool is_slow(const ExchangeRecord& record) {
  const RequestScript& script = record.client.script;
  return script.act != ClientAct::polite || script.malformation != Malformation::none ||
         script.send_piece > 0 || record.target.plan.never;
}

}  // namespace

// Of HTTP/2, where no one stream's idleness can be seen from outside: whether anything could make
// it stand still, or another of its connections, which holds its windows. Windows that are given
// late are not that: they are never as late as a time-out.
bool Auditor::anybody_slow(const ExchangeRecord& record) const {
  const NetworkFaults& f = settings_.faults;
  if (f.stalls + f.loop_stalls + f.fragments + f.short_reads + f.short_writes > 0) return true;
  return std::ranges::any_of(exchanges_, [&](const auto& entry) {
    const ExchangeRecord& other = entry.second;
    const bool beside = other.client.connection == record.client.connection ||
                        (other.target.arrivals > 0 && record.target.arrivals > 0 &&
                         other.target.connection == record.target.connection);
    return beside && is_slow(other);
  });
}

// At least so long since anybody did anything for this exchange, or since it began.
bool Auditor::waited(const ExchangeRecord& record, Duration least) const {
  const NetworkFaults& f = settings_.faults;
  const Duration slack = 100ms + 4 * f.latency_most + (f.stalls ? f.stall_most : 0s) +
                         (f.loop_stalls ? f.loop_stall_most : 0s);
  return ended_at(record) - record.client.begun + slack >= least;
}

// The worker had seen nothing move for as long as it should wait.
bool Auditor::idled_out(const ExchangeRecord& record, Duration idle) const {
  const Duration least = settings_.idle_timeout_least;
  return waited(record, least) && (idle < 0s || idle + 2ms >= least);
}

bool Auditor::reason_holds(const ExchangeRecord& record) const {
  return reason_about_client_holds(record) || reason_about_connect_holds(record) ||
         reason_about_target_holds(record);
}

bool Auditor::reason_about_client_holds(const ExchangeRecord& record) const {
  const auto reason = reason_of(record.log.reason);
  if (!reason) return false;
  const RequestScript& script = record.client.script;
  static constexpr std::array about_malformed = {
      model::Reason::request_malformed,
      model::Reason::request_line_too_long,
      model::Reason::request_head_too_large,
      model::Reason::request_body_malformed,
      model::Reason::request_desync_blocked,
      model::Reason::request_version_unsupported,
      model::Reason::request_method_not_allowed,
      model::Reason::request_transfer_encoding_unsupported};
  if (std::ranges::find(about_malformed, *reason) != about_malformed.end())
    return script.malformation != Malformation::none;
  if (reason == model::Reason::request_head_timeout) return waited(record, 20s);
  const bool body_timed_out = reason == model::Reason::request_body_too_slow ||
                              reason == model::Reason::request_body_timeout;
  if (body_timed_out && script.http2 && !anybody_slow(record)) return false;
  if (reason == model::Reason::request_body_too_slow)
    return script.body != RequestBody::none && waited(record, model::limits::request_body_grace);
  if (reason == model::Reason::request_body_timeout)
    return script.body != RequestBody::none && idled_out(record, record.log.idle);
  if (reason == model::Reason::client_closed)
    return client_is_to_blame(record) || record.client.ending == Ending::left ||
           connection_fault(record.client.connection, {FaultKind::reset});
  if (reason == model::Reason::client_read_timeout)
    return idled_out(record, record.log.idle) &&
           (!script.http2 || anybody_slow(record) || record.client.window_shrunk);
  return false;
}

bool Auditor::reason_about_connect_holds(const ExchangeRecord& record) const {
  const auto reason = reason_of(record.log.reason);
  if (reason == model::Reason::target_connection_refused)
    return connect_fault(record, {FaultKind::refused, FaultKind::nobody_listens});
  if (reason == model::Reason::target_connection_reset)
    return connect_fault(record, {FaultKind::reset_on_connect, FaultKind::accept_queue_reset,
                                  FaultKind::reset}) ||
           (record.client.script.http2 && target_broke(record));
  if (reason == model::Reason::target_unreachable)
    return connect_fault(record, {FaultKind::unreachable});
  if (reason == model::Reason::target_connect_timeout)
    return waited(record, 10s) &&
           (connect_fault(record, {FaultKind::black_holed, FaultKind::slow_connect}) ||
            anything_slow(record.client.begun, ended_at(record)));
  if (reason == model::Reason::node_out_of_resources)
    return connect_fault(record, {FaultKind::out_of_descriptors}) ||
           (record.log.target == "-" && protocol_versions_differ_ && lacked_descriptors(record));
  return false;
}

bool Auditor::reason_about_target_holds(const ExchangeRecord& record) const {
  const auto reason = reason_of(record.log.reason);
  const Instant end = ended_at(record);
  if (reason == model::Reason::target_reset_before_response ||
      reason == model::Reason::target_closed_before_response ||
      reason == model::Reason::target_response_truncated)
    return target_broke(record);
  if (reason == model::Reason::target_http2_error) return target_broke(record);
  if (reason == model::Reason::target_refused_stream) return refused_for_good(record);
  if (reason == model::Reason::request_protocol_mismatch)
    return protocol_versions_differ_ && record.target.arrivals == 0;
  if (reason == model::Reason::target_response_malformed)
    return record.target.planned && (!record.target.plan.well_formed || target_broke(record));
  if (reason == model::Reason::target_response_head_too_large)
    return record.target.planned && record.target.plan.oversized_head;
  // A head that comes in drops does not prolong the wait for it.
  if (reason == model::Reason::target_response_timeout)
    return idled_out(record, record.log.request_idle);
  // While the target is silent, the client may still take what its socket has kept for it.
  if (reason == model::Reason::target_body_timeout && record.client.script.http2 &&
      !anybody_slow(record))
    return false;
  if (reason == model::Reason::target_body_timeout ||
      (reason == model::Reason::upgrade_idle_timeout && record.client.script.upgrade))
    return idled_out(record, record.log.given_idle);
  if (reason == model::Reason::target_deregistered)
    return std::ranges::any_of(removals_, [&](const Removal& removal) {
      return removal.target.to_string() == record.log.target && removal.at <= end &&
             removal.at + settings_.deregistration_delay_least <= end + 1s;
    });
  if (reason == model::Reason::target_group_saturated) return waited(record, 250ms);
  if (reason == model::Reason::node_stopping) return draining_since_ <= end;
  // Whether a group is empty, the audit of routing knows.
  return reason == model::Reason::no_registered_targets || reason == model::Reason::no_group_weight;
}

}  // namespace daruma::sim
