// SPDX-License-Identifier: Apache-2.0
//
// One request and its response, step by step: the middle of the request's story (ARCHITECTURE.md,
// stops 4 to 10). Reads one snapshot from match to end. Driven only by run(); events of its two
// connections call run() again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/intrusive_list.h"
#include "http/forwarding_headers.h"
#include "http/h1_parser.h"
#include "http/message.h"
#include "http/uri.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "model/reason.h"
#include "model/story.h"
#include "proxy/access_log_line.h"
#include "proxy/adopted_snapshot.h"
#include "proxy/body_pace.h"
#include "proxy/client_stream.h"
#include "proxy/graveyard.h"
#include "proxy/local_response.h"
#include "proxy/refusal.h"
#include "proxy/relay.h"
#include "proxy/sticky_cookies.h"
#include "proxy/target_choice.h"
#include "proxy/waiting_line.h"
#include "routing/transforms.h"

namespace daruma::proxy {

class Listener;
class TargetConnection;
class TargetStream;
struct Environment;
struct Keepsake;
struct StickySession;

enum class Next : uint8_t { proceed, wait, finish };

class Exchange final : public Mortal,
                       public ListNode<InFlight>,
                       public Waiter,
                       private io::TimerHandler,
                       public io::Task {
 public:
  explicit Exchange(Environment& environment);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The head has been read: `head`'s views lie in `bytes`; both are taken over (swapped, so that
  // capacity circulates).
  void begin(ClientStream& client, http::RequestHead& head, Buffer& bytes, Instant first_byte);
  // No head could be read: answers so and closes.
  void begin_refused(ClientStream& client, const Refusal& refusal, Instant first_byte,
                     size_t bytes_seen);

  // Whether it may go to that target, which is a candidate now.
  bool may_use(const TargetState& target) const;
  // Whether some target is a candidate now that it is not bound to.
  bool another_target() const;
  // Whether its session's target may still serve it. REQUIRES: it waits in that target's own line.
  bool may_stay() const;

  // Events. None may be called from inside run().
  void on_client_readable();
  void on_client_writable();
  void on_client_gone();
  // A connection of `target` is idle, and it is this exchange's turn to borrow it. It has left the
  // list that it waited in.
  void on_connection_ready(TargetState& target);
  // So have these two: no connection could be opened; the target is full, or others are better
  // asked.
  void on_open_failed(const TargetConnection& connection, model::Reason reason);
  void on_target_full();
  void on_target_readable();
  void on_target_writable();
  void on_target_deregistered();
  // Ends with 503 if the client takes it at once; told again, it ends in any case.
  void on_node_stopping();

 private:
  enum class Step : uint8_t {
    guard,
    match_rule,
    await_body,
    pick_target,
    borrow_connection,
    await_connection,
    forward,
    answer,
    tunnel,
    account
  };
  struct StepRow {
    const char* name;  // for crash reports
    Next (Exchange::*function)();
  };
  static const StepRow steps[];

  void run() override;  // Task: a body that goes on in the next turn
  void assert_consistent() const;

  Next guard();
  Next match_rule();
  Next await_body();
  Next pick_target();
  Next borrow_connection();
  Next await_connection();
  Next forward();
  Next answer();
  Next tunnel();
  Next account();

  // guard
  Next check_message();
  // match_rule
  void prepare_forwarding();
  bool begin_trace();
  Next refuse_forwarding(http::ForwardProblem problem);
  bool transform(const model::Rule& rule);
  void count_invalid_fields();
  Next redirect(const model::RedirectAction& action);
  Next fixed_response(const model::FixedResponseAction& action);
  // pick_target, borrow_connection, await_connection
  AdoptedGroup& choose_group(const model::ForwardAction& forward);
  AdoptedGroup* group_to_pass_on_to();
  void pass_on_to(AdoptedGroup& group);
  void count_pick();
  TargetState* choose_target();
  void go_to(TargetState& target);
  Next wait_in_line();
  void knock();
  void wait_a_little();
  Next end_of_wait();
  Next turn_away();
  void leave_line();
  void count_line(int change);
  void count_wait();
  void begin_patience();
  Next end_of_patience();
  bool somebody_else_answers() const;
  Next leave_target();
  Next choose_again();
  Next open_failed();
  bool take_retry();
  Next try_again(model::Reason reason);
  Next send_on(TargetStream& connection);
  void make_trace_id();
  void make_websocket_key();
  // stickiness: exchange_sticky.cc
  StickySession& session();
  void read_sticky_cookie(StickyCookie which, routing::StickyRecord& record);
  AdoptedGroup& choose_sticky_group(const model::ForwardAction& forward);
  void read_session();
  TargetState* choose_sticky_target();
  bool session_lost();
  bool stays() const;
  void leave_session();
  WaitingLine& line_to_wait_in();
  void write_session();
  // answer
  void pass_over_body();
  // forward
  Next pump_request();
  bool body_has_begun() const;
  void wait_for_body();
  void count_body(size_t bytes);
  Next body_timed_out();
  Next client_closed_in_body();
  Next watch_client();
  Next pump_response();
  Next read_response_head();
  Next begin_response();
  bool prepare_fields();
  std::string_view session_fields() const;
  Next relay_response();
  Next target_closed();
  Next no_answer(model::Reason reason);
  bool connection_untouched() const;
  bool may_replay() const;
  bool was_refused() const;
  bool may_send_again() const;
  Next interim_response();
  bool flush_interim();  // false: the client is gone
  bool turn_is_over(size_t bytes_read);
  Next response_complete();
  // tunnel: exchange_tunnel.cc
  bool tunnel_has_room() const;
  bool is_accepted() const;
  Next switch_protocols();
  Next begin_tunnel();
  bool tunnel_output_moves();
  Next end_tunnel(model::Reason reason);
  Next reset_tunnel(model::Reason reason);
  void let_snapshot_go();
  bool upgraded() const { return kept_ != nullptr; }
  void begin_tunnel_account();
  void count_tunnelled();
  void end_tunnel_account();
  void complete_tunnel_log_line();
  // endings
  Next refuse(int status, model::Reason reason);
  void set_error_page();
  Next break_off(model::Reason reason);
  Next cut_off(model::Reason reason);
  Next client_left();
  Next client_gone();
  Next client_stands_still();
  bool leaves_early() const;
  void release_target(bool reusable);
  bool request_consumed() const;
  size_t body_bytes_waiting() const;
  ClientStream::After client_connection_after() const;
  const model::LoadBalancer& load_balancer() const;
  bool client_may_stay() const;
  void count_response();
  void count_reason();
  void write_log_line();
  std::string_view with_trace(std::string_view line);
  std::string_view requested_path() const;
  // its story: exchange_story.cc
  void note_attempt(model::Reason reason);
  void note_attempt(model::Reason reason, const TargetConnection* connection);
  void keep_story();
  void keep_brief_story();
  model::Story story() const;
  std::vector<model::Candidate> candidates() const;
  uint64_t revision() const;
  void reset();
  void on_timer(io::Timer& timer) override;
  Next timed_out();
  bool somebody_takes();
  bool client_takes();
  void extend_deadline();

  Environment& environment_;
  ClientStream* client_ = nullptr;
  Listener* listener_ = nullptr;
  Pin pin_;
  std::unique_ptr<Keepsake> kept_;  // instead of the snapshot, once it is upgraded (101)
  const model::LoadBalancer* load_balancer_ = nullptr;
  const model::ForwardAction* forward_ = nullptr;  // of the rule, in pin_'s snapshot
  AdoptedGroup* group_ = nullptr;
  TargetState* target_ = nullptr;  // kept alive by pin_ or kept_; nullptr in the group's line
  Choosing choosing_;
  TargetState* full_target_ = nullptr;     // why it waits in the line
  WaitingLine* line_ = nullptr;            // that it waits in, or waited in last
  std::unique_ptr<StickySession> sticky_;  // null where nothing is sticky
  TargetStream* connection_ = nullptr;

  http::RequestHead request_;
  Buffer request_bytes_;  // what request_'s views point into
  http::TargetParts parts_;
  std::string_view authority_;   // the target's, else Host's
  std::string_view host_;        // of it
  http::ResponseHead response_;  // its views die when the head has been rewritten
  http::TraceRoot trace_root_;
  BodyPace body_pace_;
  BodyRelay request_relay_;
  BodyRelay response_relay_;
  Buffer to_target_;
  Buffer to_client_;
  io::Timer timer_;

  Step step_ = Step::guard;
  bool running_ = false;
  bool timed_out_ = false;
  bool target_full_ = false;
  model::Reason open_failure_ = model::Reason::none;
  uint8_t retries_ = 0;
  uint32_t asked_into_ = 0;      // the target's silence (failure_streak.h); 0: nothing has left yet
  bool request_read_ = false;    // a head could be read
  bool request_sent_ = false;    // head and body have been written to the target, or never will be
  bool request_broken_ = false;  // the target took no more; its response may still come
  bool response_begun_ = false;  // the response head is on its way to the client
  bool keep_client_ = true;      // the client connection may carry another request
  bool close_target_ = false;    // guard: allow, then close
  bool target_reusable_ = false;
  bool response_alone_ = false;  // nothing else was on its way to the client before its head
  bool cut_off_ = false;         // the client must not take what it got for complete
  bool client_left_ = false;     // before its answer began
  bool client_lost_ = false;     // it takes no more, or must be told of the cut by a reset
  size_t interim_bytes_ = 0;
  Instant began_{};
  Instant sent_at_{};
  Instant response_at_{};

  std::vector<model::Attempt> attempts_;  // those that failed; of a detour, also the last one
  Duration waited_{};                     // in the group's line

  uint64_t tunnel_received_ = 0;  // as counted so far
  uint64_t tunnel_sent_ = 0;
  Instant switched_at_{};     // the 101 was given to the client
  size_t tunnel_output_ = 0;  // what both sockets kept, when last looked at

  LocalAnswer local_;
  AccessLogRecord record_;
  // Strings of a request; they keep their capacity.
  std::string page_;
  std::string location_;
  std::string path_storage_;
  routing::Transforms::Rewritten rewritten_;
  std::string trace_id_;
  std::string traceparent_;
  std::string websocket_key_;                        // of an extended CONNECT
  std::optional<http::ForwardedRequest> forwarded_;  // of views into the rest of this
  std::string earlier_targets_;
  std::string connection_id_;
  std::string node_ip_;
};

}  // namespace daruma::proxy
