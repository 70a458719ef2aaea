// SPDX-License-Identifier: Apache-2.0
//
// Judges a run. Clients and targets tell it everything they do and see; it knows each token's whole
// story and stops the run at the first thing that must not be: a byte of one token in another's
// exchange, a second response, a body that is whole by its framing and not by its content, an error
// that nothing in the run explains, an exchange that does not end.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/exchange_record.h"
#include "sim/sim_network.h"

namespace daruma::sim {

struct AuditSettings {
  bool through_daruma = true;         // false: clients speak with targets directly (self-tests)
  Duration idle_timeout_least = 60s;  // of the load balancers of this run
  Duration idle_timeout_most = 60s;
  Duration deregistration_delay_least = 300s;
  NetworkFaults faults;  // what may strike before the network calms down
};

// Something a target did to a connection by itself, with a request possibly under way.
struct TargetEvent {
  Instant at;
  uint32_t loop;  // who had connected
  Address target;
  uint32_t connection;
  bool announced;  // the other side had been told, and should have known better than to use it
};

class Auditor {
 public:
  Auditor(SimNetwork& network, AuditSettings settings) : network_(network), settings_(settings) {}
  Auditor(const Auditor&) = delete;
  Auditor& operator=(const Auditor&) = delete;

  bool violated() const { return !violation_.empty(); }
  const std::string& violation_text() const { return violation_; }
  // The first one counts; the run stops.
  void violation(std::string what);
  void violation(Token token, const std::string& what);

  // --- Clients ---
  void on_request_begun(const RequestScript& script, uint32_t connection, bool after_fault);
  void on_cookies(Token token, const std::map<std::string, std::string>& cookies);
  void on_request_bytes(Token token, bool head_sent, bool all_sent);
  // Something was read on the connection that this request waits on.
  void on_client_read(Token token);
  // Of HTTP/2: what Daruma sends now the client has taken back the window for.
  void on_client_shrinks_window(Token token);
  void on_interim(Token token, const SimHead& head);
  void on_response_head(Token token, const SimHead& head, MessageReader::Framing framing);
  void on_response_body(Token token, std::string_view bytes);
  void on_response_complete(Token token, const std::string& trailers);
  // FIN has come after an upgrade: whether it is due, as all that the target says has come before.
  bool tunnel_is_complete(Token token) const;
  // The client says no more, while it waits for this answer.
  void on_client_half_closed(Token token);
  void on_client_end(Token token, Ending ending, bool after_close_announced);
  // The connection ends for what the client did on it otherwise.
  void on_client_abuse(Token token);

  // --- Targets ---
  // Nullptr if this head is one that must never have arrived.
  const ExchangeRecord* on_target_head(const SimHead& head, const Address& target,
                                       uint32_t connection);
  void on_target_plan(Token token, uint32_t connection, const TargetPlan& plan);
  void on_target_body(Token token, uint32_t connection, std::string_view bytes);
  void on_target_body_complete(Token token, uint32_t connection, const std::string& trailers);
  void on_target_activity(Token token, uint32_t connection);
  void on_target_response_sent(Token token, uint32_t connection);
  // FIN came after an upgrade.
  void on_tunnel_ended(Token token, uint32_t connection);
  void on_target_event(uint32_t connection, bool announced);
  // HTTP/2: the target has not looked at this request, and said so.
  void on_target_refused(const SimHead& head);
  // The target or the network went away and came back, by the run's own hand.
  void on_disturbance(const Address& target);

  // --- Configuration, as far as endings are explained by it ---
  void on_listener_removed(uint16_t port) { listener_removals_.push_back({network_.now(), port}); }
  void on_target_removed(const Address& target) { removals_.push_back({network_.now(), target}); }
  void on_draining(Duration deadline) {
    draining_since_ = network_.now();
    stopped_at_ = draining_since_ + deadline;
  }

  // --- Access log ---
  void on_log_line(std::string_view line);

  // Not every request can go to every group.
  void on_protocol_versions_differ() { protocol_versions_differ_ = true; }

  // Tells a client's connection that a full worker may have closed at once.
  void on_connections_limited() { connections_limited_ = true; }

  // Once a virtual second: exchanges that stand still too long.
  void sweep();
  // Nothing more will happen: every exchange must have ended and be accounted for.
  void check_all_ended();

  const std::map<Token, ExchangeRecord>& exchanges() const { return exchanges_; }
  size_t completed() const { return completed_; }
  const AuditSettings& settings() const { return settings_; }

 private:
  ExchangeRecord* find(Token token, std::string_view who);
  ExchangeRecord* find_at_target(Token token, uint32_t connection);
  void learn_worker(ExchangeRecord& record);
  void check_response_token(ExchangeRecord& record, const SimHead& head);
  void check_own_response(const ExchangeRecord& record);
  void check_target_body_end(const ExchangeRecord& record);
  bool may_come_again(const ExchangeRecord& record);
  void forget_first_arrival(ExchangeRecord& record);
  void check_forwarded_head(const ExchangeRecord& record, const SimHead& head);
  Duration patience(const ExchangeRecord& record) const;
  Instant last_activity(const ExchangeRecord& record) const;

  // auditor_endings.cc
  void judge(const ExchangeRecord& record);
  void judge_log(const ExchangeRecord& record);
  void judge_refused(const ExchangeRecord& record);
  void judge_own_response(const ExchangeRecord& record);
  void judge_missing_response(const ExchangeRecord& record);
  bool reason_holds(const ExchangeRecord& record) const;
  bool reason_about_client_holds(const ExchangeRecord& record) const;
  bool reason_about_connect_holds(const ExchangeRecord& record) const;
  bool reason_about_target_holds(const ExchangeRecord& record) const;
  bool reset_tells_of_a_cut(const ExchangeRecord& record) const;
  bool client_is_to_blame(const ExchangeRecord& record) const;
  bool anybody_slow(const ExchangeRecord& record) const;
  bool lacked_descriptors(const ExchangeRecord& record) const;
  bool refused_for_good(const ExchangeRecord& record) const;
  bool target_broke(const ExchangeRecord& record) const;
  bool connect_fault(const ExchangeRecord& record, std::initializer_list<FaultKind> kinds) const;
  bool connection_fault(uint32_t connection, std::initializer_list<FaultKind> kinds) const;
  bool anything_slow(Instant from, Instant to) const;
  bool waited(const ExchangeRecord& record, Duration least) const;
  bool idled_out(const ExchangeRecord& record, Duration idle) const;
  void note_idle(ExchangeRecord& record) const;
  Instant ended_at(const ExchangeRecord& record) const;

  SimNetwork& network_;
  const AuditSettings settings_;
  std::string violation_;
  std::map<Token, ExchangeRecord> exchanges_;
  size_t completed_ = 0;
  std::vector<TargetEvent> target_events_;
  struct Removal {
    Instant at;
    Address target;
  };
  std::vector<Removal> removals_;
  std::vector<Removal> disturbances_;
  struct ListenerRemoval {
    Instant at;
    uint16_t port;
  };
  std::vector<ListenerRemoval> listener_removals_;
  Instant draining_since_ = never;
  Instant stopped_at_ = never;  // what is left then is closed
  bool connections_limited_ = false;
  bool protocol_versions_differ_ = false;
};

}  // namespace daruma::sim
