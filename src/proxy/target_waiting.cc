// SPDX-License-Identifier: Apache-2.0
//
// Stop 7 from the target's side: requests that wait, connections that are opened for them, and who
// gets which.
#include <algorithm>
#include <utility>

#include "model/limits.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/target_state.h"

namespace daruma::proxy {
namespace {

// Of a target whose door was full.
constexpr Duration full_remembered = 60s;

}  // namespace

// Of a target that has never been seen to answer nothing is expected.
Duration TargetState::silence_patience() const {
  const Governor& governor = door_.governor();
  if (governor.mean_response_time() == Duration::zero()) return model::limits::connect_timeout;
  return governor.answer_patience();
}

// Who has nothing inside hears nothing of a full target, however well it serves the others.
bool TargetState::silent() const {
  const bool outside = protocol_ == model::Protocol::https && door_.full() && inside() == 0;
  return !outside && version_ != model::ProtocolVersion::grpc &&
         failures_.silent(environment_.loop.now(), silence_patience());
}

// Of a plain target whose kernel accepts, a connection tells nothing, and takes a place.
bool TargetState::trial_by_request() const {
  return has_idle() || (protocol_ == model::Protocol::http && silent());
}

bool TargetState::trial_due() const {
  return failures_.trial_due(environment_.loop.now());
}

bool TargetState::take_trial() {
  const Instant now = environment_.loop.now();
  if (trial_by_request()) {
    if (!failures_.take_trial(now)) return false;
    count_silence(FailureStreak::Where::later);
    return true;
  }
  if (!failures_.take_knock(now)) return false;
  count_silence(FailureStreak::Where::at_opening);
  if (door_.may_open(connecting())) open();
  return false;
}

// The trial before this one has failed as well.
void TargetState::count_silence(FailureStreak::Where where) {
  if (!silent()) return;
  const bool opening = where == FailureStreak::Where::at_opening;
  on_failed(
      opening ? model::Reason::target_connect_timeout : model::Reason::target_response_timeout,
      where);
}

bool TargetState::wait(Exchange& exchange) {
  if (addresses_.empty()) return false;
  exchange.begin_waiting(environment_.loop.now());
  waiting_.push_back(exchange);
  ++waiting_count_;
  open_wanted();
  return true;
}

void TargetState::stop_waiting(Exchange& exchange) {
  exchange.ListNode<Waiting>::unlink();
  --waiting_count_;
}

// At the door of a plain target a connection only waits with its request.
size_t TargetState::inside() const {
  return open_connections_ - opening_ - (protocol_ == model::Protocol::http ? door_.size() : 0);
}

WaitingLine& TargetState::own_line() {
  if (!own_line_) own_line_ = std::make_unique<WaitingLine>();
  return *own_line_;
}

size_t TargetState::wanted() const {
  return has_room() ? wanting() : waiting_count_;
}

// If there were no limit on requests in flight. Of the group's line a target that weighs less than
// others may take as many fewer.
size_t TargetState::wanting() const {
  const size_t of_group =
      (group_->line.size() * weight_ + model::full_weight - 1) / model::full_weight;
  const size_t in_line = of_group + (own_line_ ? own_line_->size() : 0);
  return in_line == 0 || !candidate_ || failing() ? waiting_count_ : waiting_count_ + in_line;
}

size_t TargetState::connecting() const {
  return protocol_ == model::Protocol::http || speaks_http2() ? opening_ : 0;
}

void TargetState::knock() {
  if (!has_idle()) return open_wanted();
  environment_.loop.call_soon(*this);  // not from inside the exchange that waits
}

// Nobody who waits wants what is idle: nor would he want another one.
void TargetState::open_wanted() {
  const size_t carries = speaks_http2() ? streams_expected_ : 1;
  while (!has_idle() && opening_ * carries < wanted() && door_.may_open(connecting())) {
    if (!open()) break;
  }
  if (wanted() > 0) door_.on_owner_changed();
}

bool TargetState::open() {
  if (addresses_.empty()) return false;
  if (environment_.loop.now() < environment_.connect_again_at) {
    connect_timer_.set(environment_.connect_again_at);
    return false;
  }
  const Address& address = addresses_[address_cursor_++ % addresses_.size()];
  auto* connection = new TargetConnection(environment_, *this, address);
  open_.push_back(*connection);
  ++open_connections_;
  ++opening_;
  failures_.on_asked(environment_.loop.now());
  ++environment_.target_connections;
  counters_->connections_total.add();
  counters_->connections_open.add(1);
  // One of HTTP/2 says how much it takes, and is no place for one request.
  if (protocol_ == model::Protocol::https && !speaks_http2()) door_.come(*connection);
  return true;
}

// A place that was hard to come by is not kept for nobody: others wait for it.
void TargetState::on_opened(TargetConnection& connection) {
  Duration unused_timeout = model::limits::unused_connection_timeout;
  --opening_;
  failures_.on_opened();
  if (const tls::Session* session = connection.tls_session()) {
    counters_->tls_handshakes_total.add();
    if (session->resumed()) counters_->tls_resumptions_total.add();
    failures_.on_heard();
    if (door_.guarded() && door_.kept_out(connection))
      unused_timeout = model::limits::saturated_idle_timeout;
    door_.let_in(connection);
  } else {
    failures_.on_kernel_answered();
  }
  if (waiting_.empty() && !usable(connection)) return discard(connection);
  into_pool(connection, unused_timeout);
  serve_waiting();
  if (!registered_) close_unused();
}

void TargetState::on_open_failed(TargetConnection& connection, model::Reason reason) {
  switch (reason) {
    case model::Reason::target_tls_handshake_failed:
    case model::Reason::target_certificate_expired:
    case model::Reason::target_certificate_untrusted:
    case model::Reason::target_certificate_wrong_name:
    case model::Reason::target_tls_handshake_timeout:
    case model::Reason::target_not_http2:
      counters_->tls_errors_total.add();
      break;
    case model::Reason::node_out_of_resources:
      environment_.connect_again_at =
          environment_.loop.now() + model::limits::connect_retry_interval;
      group_->out_of_resources_at = environment_.loop.now();
      break;
    default:
      counters_->connection_errors_total.add();
  }
  if (reason != model::Reason::node_out_of_resources)
    on_failed(reason, FailureStreak::Where::at_opening);
  const Instant began = connection.began();
  discard(connection);
  const bool timed_out = reason == model::Reason::target_connect_timeout ||
                         reason == model::Reason::target_tls_handshake_timeout;
  if (!timed_out) failures_.on_kernel_answered();  // or it was not even asked
  if (timed_out) opening_timeout_ = {environment_.loop.now(), reason};
  // Who came later has not waited for this one. Who has waited for as long as a connection may take
  // need not wait for the next one to fail.
  for (size_t here = timed_out ? waiting_count_ : 1; here > 0; --here) {
    if (waiting_.empty() || waiting_.front().waits_since() > began) return;
    Exchange& unlucky = static_cast<Exchange&>(waiting_.front());
    stop_waiting(unlucky);
    unlucky.on_open_failed(connection, reason);
  }
}

uint32_t TargetState::on_request_sent(TargetConnection& connection, Instant now) {
  counters_->requests_total.add();
  if (learns_from_latency()) load_.on_sent(in_flight_count_);
  if (connection.requests() > 1) {
    counters_->connection_reuses_total.add();
  } else if (connection.protocol() == model::Protocol::http && !connection.http2()) {
    door_.come(connection);
  }
  return failures_.on_asked(now);
}

void TargetState::on_answered(TargetConnection& connection, Duration took) {
  failures_.on_success();
  // What a plain connection's first response took includes its wait at the door, also where it was
  // overtaken there.
  const bool came_with_it = connection.protocol() == model::Protocol::http && !connection.http2() &&
                            connection.requests() == 1;
  if (came_with_it) return door_.let_in(connection);
  if (!learns_from_latency()) return;
  const Instant now = environment_.loop.now();
  door_.on_served(now, took);
  // Where this worker is what is busy, fewer requests at once would help nobody.
  if (door_limits()) return;
  const Duration behind = environment_.loop.behind();
  if (load_.on_answered(now, model::AnswerTime::found_after(took, behind))) report_load();
}

void TargetState::report_load() {
  if (environment_.health == nullptr) return;
  model::LoadReport report = load_.report(environment_.loop.now());
  report.worker = environment_.worker;
  report.target = key_;
  report.in_flight = static_cast<uint32_t>(in_flight_count_);
  report.waiting = static_cast<uint32_t>(wanting());
  environment_.health->post(report);
}

void TargetState::on_letter(const model::LoadLetter& letter) {
  if (!learns_from_latency()) return;
  load_.on_letter(environment_.loop.now(), letter);
  if (wanted() > 0) environment_.loop.call_soon(*this);
}

// Closed at once it would no longer count as at the door or inside, where it still takes somebody's
// turn and a place: another request would be sent after it that comes too late as well, and a full
// target that lets nobody in though one seems to have left looks slow (health/place_limit).
bool TargetState::holds_place(const TargetConnection& connection) const {
  return registered_ && !environment_.draining && door_.shut() &&
         connection.version() == model::ProtocolVersion::http1;
}

void TargetState::leave_behind(TargetConnection& connection, Duration patience) {
  door_.on_client_left(connection);
  connection.leave_behind(environment_.loop.now() + patience);
}

void TargetState::on_left_behind_over(TargetConnection& connection, bool answered) {
  if (answered) {
    failures_.on_success();
    door_.has(connection) ? door_.let_in(connection) : door_.on_served_nobody();
  }
  discard(connection);
}

void TargetState::on_left_waiting() {
  if (failures_.on_left())
    on_failed(model::Reason::target_connect_timeout, FailureStreak::Where::at_opening);
}

void TargetState::on_failed(model::Reason reason, FailureStreak::Where where) {
  if (where == FailureStreak::Where::later) counters_->failures_total.add();
  const bool worth_telling = failures_.on_failure(where);
  // Who hangs up on everybody is not full: how its door is will show when it is back.
  if (failures_.length() == FailureStreak::failing_from && !silent()) door_.on_away();
  if (!worth_telling || environment_.health == nullptr) return;
  environment_.health->post(model::FailureReport{.worker = environment_.worker,
                                                 .target = key_,
                                                 .reason = reason,
                                                 .in_a_row = failures_.length()});
}

void TargetState::run() {
  if (abandoned_) send_waiting_elsewhere();
  serve_waiting();
}

void TargetState::serve_waiting() {
  while (has_idle()) {
    Exchange* next = next_waiting();
    if (next == nullptr) break;
    next->on_connection_ready(*this);
  }
  open_wanted();
}

// Half of what an answer takes is not long for who waits for it.
Duration TargetState::line_limit() const {
  return std::max({queue_timeout_, door_.governor().mean_response_time() / 2, load_.patience()});
}

// By then it is the turn of who came later. But where nobody did, a place would stand empty that
// one who is still there could have.
Duration TargetState::line_patience() const {
  return line_limit() + door_.governor().mean_response_time() / 2;
}

// In order of arrival gives every request the longest wait, here as in the group's line; and where
// that is longer than clients wait, pages are made for nobody.
Waiter& TargetState::next_waiting_here(Instant overload) {
  Waiter& oldest = waiting_.front();
  if (!door_.guarded() || oldest.waits_since() >= overload) return oldest;
  return ++turns_of_newest_ % WaitingLine::turns_for_oldest == 0 ? oldest : waiting_.back();
}

// First who waits for this target alone.
Exchange* TargetState::next_waiting() {
  const Instant overload = environment_.loop.now() - line_limit() * 9 / 10;
  if (!waiting_.empty()) {
    Exchange& next = static_cast<Exchange&>(next_waiting_here(overload));
    stop_waiting(next);
    return &next;
  }
  if (!has_room()) return nullptr;
  const auto overtaken =
      full() ? WaitingLine::Overtaken::are_turned_away : WaitingLine::Overtaken::wait_on;
  if (own_line_) {
    const auto may_stay = [](Waiter& waiter) { return static_cast<Exchange&>(waiter).may_stay(); };
    if (Waiter* own = own_line_->take_next(overload, overtaken, may_stay))
      return static_cast<Exchange*>(own);
  }
  if (!candidate_ || failing()) return nullptr;
  return static_cast<Exchange*>(group_->line.take_next(overload, overtaken, [this](Waiter& waiter) {
    return static_cast<Exchange&>(waiter).may_use(*this);
  }));
}

// A server with so many places and no more, as was seen.
bool TargetState::door_limits() const {
  return protocol_ == model::Protocol::https && environment_.loop.now() < was_full_until_;
}

void TargetState::on_door_changed() {
  const bool full = door_.full();
  if (full) was_full_until_ = environment_.loop.now() + full_remembered;
  counters_->saturated.set(full);
  counters_->learned_limit.set(full ? door_.governor().learned_limit() : 0);
  if (full) counters_->habits.learned_limit.set(door_.governor().learned_limit());
  if (!door_.shut()) return open_wanted();
  let_waiting_go();
  open_wanted();
}

void TargetState::set_candidate(bool candidate) {
  const bool convicted = std::exchange(candidate_, candidate) && !candidate;
  if (convicted && door_.guarded()) abandon();
}

void TargetState::abandon() {
  if (waiting_.empty()) return;
  abandoned_ = true;
  environment_.loop.call_soon(*this);
}

// Who has nowhere else to go stays, and keeps its place.
void TargetState::send_waiting_elsewhere() {
  abandoned_ = false;
  for (size_t here = waiting_count_; here > 0 && !waiting_.empty(); --here) {
    Exchange& exchange = static_cast<Exchange&>(waiting_.front());
    stop_waiting(exchange);
    if (exchange.another_target()) {
      exchange.on_target_full();
    } else {
      waiting_.push_back(exchange);
      ++waiting_count_;
    }
  }
  if (!registered_) close_unused();
}

// Those that are here now: who finds no other target may come back.
void TargetState::let_waiting_go() {
  for (size_t here = waiting_count_; here > 0 && !waiting_.empty(); --here) {
    Exchange& exchange = static_cast<Exchange&>(waiting_.front());
    stop_waiting(exchange);
    exchange.on_target_full();
  }
}

}  // namespace daruma::proxy
