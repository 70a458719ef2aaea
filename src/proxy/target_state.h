// SPDX-License-Identifier: Apache-2.0
//
// What one worker keeps of one target, filed by key across snapshots: health as last told, its
// door, connections, the requests that wait for one and those in flight, TLS sessions, counters;
// and its draining once it is no longer registered.
//
// A request does not own the connection that is opened because of it: it waits for the target, and
// takes whichever of the target's connections is ready first. When the target turns out to be full,
// those who wait for it move to the group's line, where any target may take them.
#pragma once

#include <memory>
#include <vector>

#include "base/intrusive_list.h"
#include "io/timer_wheel.h"
#include "model/letter.h"
#include "model/limits.h"
#include "model/server_kind.h"
#include "model/story.h"
#include "model/target.h"
#include "proxy/beginning.h"
#include "proxy/door.h"
#include "proxy/failure_streak.h"
#include "proxy/group_state.h"
#include "proxy/keep_alive_habits.h"
#include "proxy/load_watch.h"
#include "proxy/target_connection.h"
#include "routing/slow_start.h"
#include "telemetry/counters.h"
#include "tls/context.h"

namespace daruma::proxy {

class Exchange;
struct Environment;
struct InFlight {};  // list tag: exchanges that a target is answering, or shall answer

class TargetState final : private io::TimerHandler, private io::Task, private Door::Owner {
 public:
  TargetState(Environment& environment, model::TargetKey key, std::shared_ptr<GroupState> group);
  ~TargetState();
  TargetState(const TargetState&) = delete;
  TargetState& operator=(const TargetState&) = delete;

  const model::TargetKey& key() const { return key_; }
  const GroupState& group() const { return *group_; }
  const std::string& label() const { return label_; }  // "127.0.0.2:8443"
  telemetry::TargetCounters& counters() { return *counters_; }
  const telemetry::TargetCounters& counters() const { return *counters_; }
  const std::shared_ptr<TargetTls>& tls() { return tls_; }
  model::Protocol protocol() const { return protocol_; }
  model::ProtocolVersion version() const { return version_; }
  // Requests that a connection is expected to carry at once, until it says so itself.
  size_t streams_expected() const { return streams_expected_; }
  model::HealthState health() const { return health_; }
  // As told when the snapshot of that revision was the newest known.
  void set_health(model::HealthState health, uint64_t told_in);
  // It has become healthy. Its share grows slowly where the group has it so, and `others` are
  // healthy and have their full share; unless it was registered with all others of its group and
  // this is the first time (AWS: slow start mode).
  void on_became_healthy(bool others);
  // Under weighted random.
  void set_weight(uint32_t weight) { weight_ = weight; }
  uint32_t weight() const { return weight_; }
  bool slow_starting() const { return slow_start_.active(); }
  // Round robin offers it a request.
  bool takes_turn();
  uint64_t health_told_in() const { return health_told_in_; }
  // Whether newest snapshot and health let it be chosen. Under guard, who waits for one that may
  // not be chosen any more goes elsewhere, at the end of this turn: snapshots are being told.
  void set_candidate(bool candidate);
  Door& door() { return door_; }
  // Its part of what the node may have under way there.
  void on_letter(const model::LoadLetter& letter);

  // The target stands in the snapshot being adopted, which has this revision.
  void register_as(const model::Target& target, const model::TargetGroup& group, uint64_t revision);
  // It no longer does: nothing new is sent, idle connections close, who waits for a connection goes
  // elsewhere if there is another target, and what is in flight after the deregistration delay is
  // ended (502, target_deregistered).
  void deregister();
  // Revision of the newest snapshot that names it.
  uint64_t named_in() const { return named_in_; }
  // It stands in every snapshot from `revision` on.
  bool registered_since(uint64_t revision) const {
    return registered_ && registered_since_ <= revision;
  }

  // --- Stop 7, for exchanges
  // A bound exchange counts as in flight.
  void bind(Exchange& exchange);
  void unbind(Exchange& exchange);
  // One of them is upgraded. It holds its connection, and so its place at the door; but the target
  // does not owe it an answer, and it does not count where answers take longer the more there are.
  void on_upgraded();
  // It is over, and about to be unbound.
  void on_upgrade_over();
  // A connection that can carry a request now: an idle one or, of HTTP/2, one with room.
  bool has_idle() const { return !idle_.empty(); }
  // Requests that it is to answer, or is answering, upgraded ones included; of this worker.
  uint32_t outstanding() const { return static_cast<uint32_t>(in_flight_count_ + upgraded_count_); }
  // A request that comes now is soon on its way: over an idle connection, or a new one.
  bool takes_requests() const { return has_room() && (has_idle() || !door_.shut()); }
  // And at once: it waits for none of those that came before.
  bool begins_at_once() const { return has_idle() || door_.may_open(connecting()); }
  // It has no idle connection, and those that are new wait at its door.
  bool makes_wait() const { return !has_idle() && door_.guarded() && door_.makes_wait(); }
  // It can take no more. What does not take requests and is not full may only be slow.
  bool full() const { return door_.full() || (!has_room() && !load_.lenient()); }
  // How long a request should wait for it before it is turned away. From line_limit() on the newest
  // go first.
  Duration line_patience() const;
  Duration line_limit() const;
  const FailureStreak& failures() const { return failures_; }
  // Its requests fail, or nothing is heard of it any more: others are better asked.
  bool failing() const { return failures_.failing() || (failures_.unheard() && silent()); }
  // How long the target may be silent.
  Duration silence_patience() const;
  // The target fails; whether one request may find out if it still does. To take the trial: where
  // a connection tells enough, one is opened without a request.
  bool trial_by_request() const;
  bool trial_due() const;
  bool take_trial();
  // The most recently used of those. REQUIRES: has_idle().
  TargetStream& borrow_idle(Exchange& exchange);
  // The exchange, which is bound here, will hear on_connection_ready() or on_open_failed(). False
  // if the target's name has no address.
  bool wait(Exchange& exchange);
  void stop_waiting(Exchange& exchange);
  // Why a connection that was being opened then, or later, took too long; `none` if none did.
  model::Reason opening_timeout_since(Instant then) const {
    return opening_timeout_.at >= then ? opening_timeout_.reason : model::Reason::none;
  }
  // Where requests wait that go to this target and no other, while it is full.
  WaitingLine& own_line();
  // Requests wait in the group's line: one more connection, if the target may be asked for it.
  void knock();

  // For stories.
  const TargetName& story_name() const { return story_name_; }
  model::TargetLoad load() const;

  // --- What exchanges and connections tell
  void on_opened(TargetConnection& connection);
  void on_open_failed(TargetConnection& connection, model::Reason reason);
  void on_idle_closed(TargetConnection& connection);
  void on_rested_out(TargetConnection& connection);  // its idle time is over, and it is still good
  // The beginning of a request has left. The silence into which it asks (failure_streak.h).
  uint32_t on_request_sent(TargetConnection& connection, Instant now);
  // One that asked into that silence ends before the target had to answer.
  void on_request_withdrawn(uint32_t silence) { failures_.on_withdrawn(silence); }
  // The response has begun, `took` after its request had been sent.
  void on_answered(TargetConnection& connection, Duration took);
  // The response says that it is the connection's last.
  void on_last_answer(const TargetConnection& connection, int status);
  // Server and Keep-Alive fields of a response. One Server field is enough.
  bool server_known() const { return server_ != model::ServerKind::unknown; }
  void note_server(std::string_view field);
  void note_announced(Duration idle_limit);
  // A request that waited for a connection goes elsewhere, because the target fails or is silent.
  void on_left_waiting();
  // A request failed here, and the target is to blame.
  void on_failed(model::Reason reason, FailureStreak::Where where);

  // Its request is done; the connection can carry another and may rest for as long.
  void give_back(TargetStream& stream, Duration idle_timeout);
  // Its request is not, or the connection can carry no other.
  void abandon(TargetStream& stream);
  // Of HTTP/2: it may have room now, or none any more, or have nothing left to do.
  void on_streams_changed(TargetConnection& connection);
  // Of HTTP/2, in the midst of its events: it may have no room any more.
  void on_room_changed(TargetConnection& connection);
  // Its request, which is whole, is at a target that is saturated: the target will read and answer
  // it, whoever has gone meanwhile.
  bool holds_place(const TargetConnection& connection) const;
  // Nobody waits for its answer. It is closed when that comes, or after `patience`.
  void leave_behind(TargetConnection& connection, Duration patience);
  void on_left_behind_over(TargetConnection& connection, bool answered);
  // Unlinks and destroys it.
  void discard(TargetConnection& connection);
  // Those that no request uses: idle ones and, if nobody waits for them, those being opened.
  void close_unused();

 private:
  void on_timer(io::Timer& timer) override;
  void end_delay();
  void end_slow_start();
  void set_slow_start(Duration duration);
  void run() override;  // Task: connections have come free, or those that wait are to leave
  size_t inside() const override;
  size_t upgraded() const override { return upgraded_count_; }
  size_t wanted() const override;
  size_t wanting() const;
  void on_witness_wanted() override { open(); }
  void on_place_wanted() override { make_room_ = true; }
  void on_waited() override { counters_->connections_waited_total.add(); }
  void on_told() override;
  void on_door_changed() override;

  bool silent() const;
  // Where the door shows how many places there are, nothing else need limit what is in flight.
  bool has_room() const { return in_flight_count_ < load_.limit() || door_limits(); }
  bool door_limits() const;
  void owe_one_less();
  void count_silence(FailureStreak::Where where);
  void report_load();
  size_t connecting() const;  // and not at the door yet
  void let_waiting_go();
  void abandon();
  void send_waiting_elsewhere();
  bool open();  // false: it can't be, or not yet
  void open_wanted();
  bool speaks_http2() const { return version_ != model::ProtocolVersion::http1; }
  // When a call of gRPC is answered is a matter of what it is about.
  bool learns_from_latency() const {
    return door_.guarded() && version_ != model::ProtocolVersion::grpc;
  }
  void count_idle(int change);
  void close_if_unused(TargetConnection& connection);
  bool usable(const TargetConnection& connection) const;
  bool place_is_wanted();
  bool is_ending(TargetConnection& connection);
  void note_end(const TargetConnection& connection);
  void into_pool(TargetConnection& connection, Duration idle_timeout);
  void serve_waiting();
  Exchange* next_waiting();
  Waiter& next_waiting_here(Instant overload);
  Duration idle_allowance(const TargetConnection& connection, Duration idle_timeout);
  void set_counters(const model::Target& target);
  void set_tls(const model::TargetGroup& group);
  void set_addresses(const std::vector<Address>& addresses);
  void publish_habits();

  Environment& environment_;
  const model::TargetKey key_;
  const std::string label_;
  TargetName story_name_;
  const std::shared_ptr<GroupState> group_;
  std::string zone_;
  model::Protocol protocol_ = model::Protocol::http;
  model::ProtocolVersion version_ = model::ProtocolVersion::http1;
  size_t streams_expected_ = model::limits::http2_target_streams_max;
  Duration rest_timeout_ = model::limits::unused_connection_timeout;  // of HTTP/2, as last told
  std::vector<Address> addresses_;
  size_t address_cursor_ = 0;
  Instant addresses_grew_at_{};
  model::HealthState health_ = model::HealthState::initial;
  uint64_t health_told_in_ = 0;
  bool candidate_ = false;
  bool registered_ = false;
  bool make_room_ = false;  // the next connection that comes free is closed
  bool abandoned_ = false;  // who waits has yet to hear that it is convicted, or deregistered
  uint64_t registered_since_ = 0;
  uint64_t named_in_ = 0;
  Duration deregistration_delay_{};
  Duration queue_timeout_{};
  uint32_t weight_ = model::full_weight;
  bool began_with_group_ = false;  // and has not been healthy yet
  routing::SlowStart slow_start_;
  Duration slow_start_duration_{};
  io::Timer slow_start_timer_;
  io::Timer drain_timer_;
  io::Timer connect_timer_;         // until it is tried again
  std::shared_ptr<TargetTls> tls_;  // where it speaks TLS
  std::shared_ptr<telemetry::TargetCounters> counters_;
  FailureStreak failures_;
  KeepAliveHabits habits_;
  model::ServerKind server_ = model::ServerKind::unknown;

  IntrusiveList<TargetConnection, IdleConnection> idle_;  // most recently used first
  IntrusiveList<TargetConnection, OpenConnection> open_;
  std::unique_ptr<WaitingLine> own_line_;   // made when it is first asked for
  IntrusiveList<Waiter, Waiting> waiting_;  // bound here, in the order in which they came
  uint32_t turns_of_newest_ = 0;            // of them
  IntrusiveList<Exchange, InFlight> in_flight_;
  size_t idle_connections_ = 0;  // that carry nothing
  size_t open_connections_ = 0;  // opening ones included
  size_t opening_ = 0;
  struct {
    Instant at{};
    model::Reason reason = model::Reason::none;
  } opening_timeout_;  // the last one
  size_t waiting_count_ = 0;
  size_t in_flight_count_ = 0;  // those that are upgraded not counted
  size_t upgraded_count_ = 0;
  LoadWatch load_;
  Instant was_full_until_{};
  Door door_;
};

}  // namespace daruma::proxy
