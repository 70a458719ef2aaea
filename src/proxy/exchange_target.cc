// SPDX-License-Identifier: Apache-2.0
//
// Stops 6 and 7: which target, and a connection to it. A target that is full is passed over; where
// all are, the request waits in the group's line for whichever target has a connection first.
#include <algorithm>
#include <functional>
#include <optional>
#include <span>

#include "model/limits.h"
#include "proxy/client_stream.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/target_choice.h"
#include "proxy/target_connection.h"
#include "proxy/target_state.h"

namespace daruma::proxy {
namespace {

// Long enough for a surge's peak to move on, short enough that nobody stays away.
constexpr int retry_after_seconds = 1;
// A request that waits for a connection to one of a few targets.
constexpr Duration look_around_after = 1s;

constexpr Duration opening_most =
    model::limits::connect_timeout + model::limits::tls_handshake_timeout;

// What an ALB answers where no connection could be opened.
int status_of(model::Reason reason) {
  switch (reason) {
    case model::Reason::node_out_of_resources:
    case model::Reason::target_name_unresolved:
      return 503;
    case model::Reason::target_connect_timeout:
    case model::Reason::target_tls_handshake_timeout:
      return 504;
    default:
      return 502;
  }
}

}  // namespace

// By weight. With failover, a group that can take nothing now passes its share on to those that
// can, by their weights; where none can, it is as in an ALB.
AdoptedGroup& Exchange::choose_group(const model::ForwardAction& forward) {
  Random& random = environment_.loop.random();
  AdoptedGroup& first = pin_->group(routing::pick_group(forward, random));
  const bool failover = listener_->listener().forward_failover && forward.groups.size() > 1;
  if (!failover || has_capacity(first, random)) return first;
  const auto can = [&](uint32_t group) { return has_capacity(pin_->group(group), random); };
  const std::optional<uint32_t> other = routing::pick_group_where(forward, random, can);
  if (!other) return first;
  first.state->counters->failovers_total.add();
  return pin_->group(*other);
}

// With failover, what could be opened nowhere in its group: another of the action that can take the
// request as it is. Not for clients that stay with their group.
AdoptedGroup* Exchange::group_to_pass_on_to() {
  if (!listener_->listener().forward_failover || forward_->stickiness > Duration::zero())
    return nullptr;
  Random& random = environment_.loop.random();
  const auto can = [&](uint32_t group) {
    AdoptedGroup& other = pin_->group(group);
    return &other != group_ && other.group->version == group_->group->version &&
           has_capacity(other, random);
  };
  const std::optional<uint32_t> other = routing::pick_group_where(*forward_, random, can);
  return other ? &pin_->group(*other) : nullptr;
}

void Exchange::pass_on_to(AdoptedGroup& group) {
  group_->state->counters->failovers_total.add();
  group_ = &group;
  record_.target_group_arn = group.group->arn;
  choosing_ = {};
  count_pick();
}

// Stop 6: the healthy targets; if there is none, all (fail-open); if there is no target at all,
// 503.
Next Exchange::pick_target() {
  if (group_->set.mode() == routing::RoutingMode::none)
    return refuse(503, model::Reason::no_registered_targets);
  if (retries_ == 0 && !target_full_) count_pick();
  target_full_ = false;
  const bool sticky = group_->group->stickiness.type != model::StickinessType::off;
  TargetState* target = sticky ? choose_sticky_target() : choose_target();
  if (target == nullptr) return wait_in_line();
  go_to(*target);
  step_ = Step::borrow_connection;
  return Next::proceed;
}

void Exchange::count_pick() {
  telemetry::TargetGroupCounters& counters = *group_->state->counters;
  counters.requests_total.add();
  if (group_->set.mode() == routing::RoutingMode::fail_open)
    counters.fail_open_requests_total.add();
  group_->state->retries.on_request();
}

// Nullptr: of the targets that do not fail some are full, and no other has a connection for it
// soon.
TargetState* Exchange::choose_target() {
  const TargetChoice choice = proxy::choose_target(*group_, choosing_, environment_.loop.random());
  if (choice.target == nullptr) full_target_ = choice.full;
  return choice.target;
}

void Exchange::go_to(TargetState& target) {
  target_ = &target;
  target.bind(*this);
  record_.target = target.label();
}

Next Exchange::wait_in_line() {
  WaitingLine& line = line_to_wait_in();
  if (line.full()) return turn_away();
  line_ = &line;
  set_client(std::hash<std::string_view>()(client_->origin().facts.peer_ip));
  line.join(*this, environment_.loop.now());
  count_line(1);
  group_->state->counters->waited_total.add();
  wait_a_little();
  step_ = Step::await_connection;
  knock();
  return Next::wait;
}

// Any target of the group may have a place first.
void Exchange::knock() {
  if (line_ != &group_->state->line) return full_target_->knock();
  const std::span<const uint32_t> candidates = group_->set.candidates();
  const size_t looks = std::min(candidates.size(), model::limits::targets_looked_at_max);
  for (size_t i = 0; i < looks; ++i) {
    TargetState& target = *group_->targets[group_->state->round_robin.pick(candidates)];
    if (!target.failures().failing()) target.knock();
  }
}

void Exchange::wait_a_little() {
  timer_.set(environment_.loop.now() + full_target_->line_patience());
}

// Nobody is turned away from a target that may only be slow: one waits on, for as long as an ALB
// waits for a connection.
Next Exchange::end_of_wait() {
  if (line_ != &group_->state->line && session_lost()) {
    leave_line();
    step_ = Step::pick_target;
    return Next::proceed;
  }
  const Duration waited = environment_.loop.now() - waits_since();
  if (group_->state->out_of_resources_at >= waits_since())
    return refuse(503, model::Reason::node_out_of_resources);
  if (full_target_->full() || waited >= model::limits::connect_timeout) return turn_away();
  wait_a_little();
  return Next::wait;
}

// Nobody is turned away for the sake of a target that could take him.
Next Exchange::turn_away() {
  if (passes_over(*group_, choosing_)) {
    choosing_.least_weight = any_weight;
    leave_line();
    return choose_again();
  }
  group_->state->counters->turned_away_total.add();
  local_.retry_after_seconds = retry_after_seconds;
  return refuse(503, model::Reason::target_group_saturated);
}

void Exchange::leave_line() {
  if (!waits()) return;
  line_->leave(*this);
  count_wait();
}

// It waits no more: for a target, or at all.
void Exchange::count_wait() {
  const Duration waited = environment_.loop.now() - waits_since();
  waited_ += waited;
  group_->state->counters->queue_wait.record(waited);
  count_line(-1);
}

void Exchange::count_line(int change) {
  group_->state->counters->waiting.add(change);
}

bool Exchange::may_use(const TargetState& target) const {
  return target.registered_since(pin_->snapshot().revision) && &target != choosing_.tried &&
         target.weight() >= choosing_.least_weight;
}

// Stop 7: an idle connection, or whichever is ready first.
Next Exchange::borrow_connection() {
  if (target_->has_idle()) return send_on(target_->borrow_idle(*this));
  if (!target_->wait(*this)) return refuse(503, model::Reason::target_name_unresolved);
  begin_patience();
  step_ = Step::await_connection;
  return Next::wait;
}

// Of a few targets a worker finds by itself whose door is shut. Of many it has so few connections
// to each that it does not: then a long wait is all the evidence there is.
void Exchange::begin_patience() {
  Duration patience = model::limits::connect_timeout;
  if (group_->group->saturation_guard.enabled) {
    patience =
        std::min(target_->silence_patience(),
                 sees_all(*group_) ? look_around_after : target_->door().governor().patience());
  }
  timer_.set(environment_.loop.now() + patience);
}

// Connections have deadlines of their own; this one is for a request that gets none, though it may
// be for another's that it waits: it ends by what has become of those. As nothing of it has left,
// it may go elsewhere as soon as the target is silent, or keeps it waiting while another would take
// it at once.
Next Exchange::end_of_patience() {
  const Duration waited = environment_.loop.now() - waits_since();
  if (waited >= model::limits::connect_timeout)
    open_failure_ = target_->opening_timeout_since(waits_since());
  if (waited >= opening_most && open_failure_ == model::Reason::none)
    open_failure_ = model::Reason::target_connect_timeout;
  if (open_failure_ != model::Reason::none) return open_failed();
  const bool may_move = group_->group->saturation_guard.enabled && !stays();
  if (TargetState* idle = may_move ? idle_target(*group_, choosing_) : nullptr) {
    release_target(false);
    go_to(*idle);
    step_ = Step::borrow_connection;
    return Next::proceed;
  }
  if (!may_move || !target_->failing() || !somebody_else_answers()) {
    begin_patience();
    return Next::wait;
  }
  target_->on_left_waiting();
  return leave_target();
}

bool Exchange::somebody_else_answers() const {
  const std::span<const uint32_t> candidates = group_->set.candidates();
  return std::ranges::any_of(candidates,
                             [this](uint32_t i) { return !group_->targets[i]->failing(); });
}

Next Exchange::leave_target() {
  release_target(false);
  target_ = nullptr;
  return choose_again();
}

// Without being counted again.
Next Exchange::choose_again() {
  target_full_ = true;
  step_ = Step::pick_target;
  return Next::proceed;
}

// Woken by an event that is not for this step, it goes on waiting.
Next Exchange::await_connection() {
  if (open_failure_ != model::Reason::none) return open_failed();
  if (target_full_) return leave_target();
  if (!timed_out_) return Next::wait;
  timed_out_ = false;
  if (target_ == nullptr) return end_of_wait();
  return end_of_patience();
}

void Exchange::on_connection_ready(TargetState& target) {
  if (target_ == nullptr) {
    count_wait();
    go_to(target);
  }
  step_ = Step::borrow_connection;
  run();
}

void Exchange::on_open_failed(const TargetConnection& connection, model::Reason reason) {
  note_attempt(reason, &connection);
  open_failure_ = reason;
  run();
}

void Exchange::on_target_full() {
  target_full_ = true;
  run();
}

Next Exchange::open_failed() {
  const model::Reason reason = std::exchange(open_failure_, model::Reason::none);
  if (reason == model::Reason::node_out_of_resources) return refuse(status_of(reason), reason);
  const bool another = another_target();
  AdoptedGroup* const other = another && retries_ == 0 ? nullptr : group_to_pass_on_to();
  if (!(another || other) || !take_retry()) return refuse(status_of(reason), reason);
  leave_session();
  const Next next = try_again(reason);
  if (other) pass_on_to(*other);
  return next;
}

// This one may have been convicted or deregistered meanwhile.
bool Exchange::another_target() const {
  const std::span<const uint32_t> candidates = group_->set.candidates();
  return std::any_of(candidates.begin(), candidates.end(), [this](uint32_t candidate) {
    return group_->targets[candidate].get() != target_;
  });
}

// Within the group's budget. The caller knows that nothing is lost by it.
bool Exchange::take_retry() {
  if (!group_->group->saturation_guard.enabled) return false;
  if (retries_ >= model::limits::retries_per_request_max || environment_.draining) return false;
  if (group_->state->retries.take()) return true;
  group_->state->counters->retries_refused_total.add();
  return false;
}

Next Exchange::try_again(model::Reason reason) {
  note_attempt(reason);
  group_->state->counters->retries_total.add();
  ++retries_;
  earlier_targets_.append(target_->label());
  earlier_targets_.push_back(' ');
  // Where nothing has left, or all of it is still there, head and relay go on as they are: the
  // relay may have taken some of the body from the client already.
  const bool gone = connection_ && request_relay_.bytes_written() > 0 &&
                    !(connection_->http2() && connection_->http2()->take_back(to_target_));
  if (gone) to_target_.clear();
  release_target(false);
  choosing_.tried = std::exchange(target_, nullptr);
  request_relay_.unblock();
  request_sent_ = request_broken_ = false;
  step_ = Step::pick_target;
  return Next::proceed;
}

}  // namespace daruma::proxy
