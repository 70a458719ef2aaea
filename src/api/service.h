// SPDX-License-Identifier: Apache-2.0
//
// The AWS API of the node, at "/" of the admin port: who asks (api/sigv4), what (Action and
// Version, or X-Amz-Target), and for a change the way from request to answer: the operation changes
// a copy, the whole is validated as a file would be (control/validate), the difference is committed
// to the store, the snapshot goes to all workers, and when each serves it, or after 2 s, the answer
// leaves. What cannot be made durable or valid changes nothing; a listener that a worker could not
// open is taken back. docs/adr/0009, docs/api.md.
//
// Control thread only; a commit makes it wait for the disk.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/acm.h"
#include "api/audit_trail.h"
#include "api/call.h"
#include "api/changed_listeners.h"
#include "api/cloudwatch_wire.h"
#include "api/created.h"
#include "api/failure_delay.h"
#include "api/sigv4.h"
#include "base/log.h"
#include "control/admin_server.h"
#include "control/controller.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "metrics/time_series.h"
#include "notify/alarm_desk.h"
#include "notify/remote_reader.h"

namespace daruma::api {

// All of it outlives the service.
struct ServiceContext {
  io::Loop& loop;
  control::Controller& controller;
  Created* created;  // null: there is no data directory, so nothing can be changed
  const control::Surroundings& surroundings;
  const Log& log;
  std::string config_file;     // that errors name
  std::string data_directory;  // with access keys of its own; "" if there is none
  metrics::TimeSeries& series;
  notify::AlarmDesk& alarms;
  control::AdminHandler& index;  // answers GET / without an Action
  AuditTrail& audit;
  FailureDelay& failure_delay;
  std::function<Instant()> now;  // of any thread
};

// Who asks: whose signature it is, or who logged in to the console.
struct Caller {
  std::string name;  // an access key's id, or a user's name; "": nobody had to say
  bool may_change = false;
  std::string arn() const;
};

class Service final : public control::AdminHandler, private NodeState, private io::TimerHandler {
 public:
  // REQUIRES: the controller has what was created (set_created).
  explicit Service(ServiceContext context);
  ~Service();  // changes under way are not answered any more
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void handle(const control::AdminRequest& request, control::AdminResponder responder) override;
  // The same of a request that is not signed, because it is known who asks. GET is no page then.
  void handle_for(const Caller& caller, const control::AdminRequest& request,
                  control::AdminResponder responder);

 private:
  class Change;
  // What is being asked, as far as it is known: errors and the audit log name it.
  struct Request {
    const control::AdminRequest* admin;  // null once its answer has to wait
    Address client;
    std::string target;  // of JSON services: "CertificateManager.ImportCertificate"
    std::string action;
    std::string version;
    std::string id;
    // Of CloudWatch's, if it is for CloudWatch.
    std::optional<cloudwatch::WireForm> form{};
    Caller caller{};
    bool known = false;  // who it is
    bool posted = false;
    std::optional<Instant> deadline{};  // of what it has to wait for
    bool changes = false;
    std::string resource{};  // an ARN, the name of what is to be, or several ARNs

    std::span<const std::string_view> services() const;
  };

  Expected<Caller> caller_of(const Request& asked) const;
  Request request_of(const control::AdminRequest& request) const;
  void run(Request& request, control::AdminResponder& responder);
  void refuse_if_failed(const Expected<void>& done, Request& request,
                        control::AdminResponder& responder);
  Expected<void> dispatch(Request& request, control::AdminResponder& responder);
  Expected<void> run_elbv2(Request& request, const Parameter& parameters,
                           control::AdminResponder& responder, const OutsideAnswers& answers);
  // A request whose operation has to know more (api/outside).
  struct Waiting {
    Request request;
    Parameter parameters;
    control::AdminResponder responder;
    OutsideAnswers answers;
    std::vector<notify::RemoteQuestion> questions;
    size_t bytes_asked = 0;  // of an object, at most, that is being read
  };
  using WaitingRequest = std::list<Waiting>::iterator;
  void set_aside(const Request& request, const Parameter& parameters,
                 control::AdminResponder& responder, const OutsideAnswers& answers,
                 std::vector<notify::RemoteQuestion> questions);
  void ask_next(WaitingRequest waiting);
  notify::RemoteReader& reader_for(const notify::RemoteQuestion& question);
  void take_answer(WaitingRequest waiting, const notify::RemoteQuestion& asked,
                   notify::RemoteAnswer&& answer);
  // Or why the request cannot go on.
  Expected<void> keep(OutsideAnswers& answers, const notify::Ec2Question& asked,
                      const notify::Ec2Answer& answer);
  Expected<void> keep(OutsideAnswers& answers, const notify::ObjectQuestion& asked,
                      notify::ObjectAnswer&& answer);
  void run_again(WaitingRequest waiting);
  size_t object_bytes_waiting() const;
  // By what is declared and kept now; it may have waited since it was recognised.
  bool may_still_change(const Caller& caller) const;
  void refuse_waiting(WaitingRequest waiting, ServiceError problem);
  Expected<void> run_ec2(Request& request, const Parameter& parameters,
                         control::AdminResponder& responder);
  Expected<void> run_iam(Request& request, const Parameter& parameters,
                         control::AdminResponder& responder);
  Expected<void> run_acm(Request& request, control::AdminResponder& responder);
  Expected<void> run_cloudwatch(Request& request, const Parameter& parameters,
                                control::AdminResponder& responder);
  // Who may; and that what is changed can be kept.
  Expected<void> check_may_change(const Request& request, std::string_view service) const;
  Expected<void> check_role(const Request& request, std::string_view service) const;
  Expected<void> apply(const Request& request, Catalog& catalog, control::AdminResponse response,
                       control::AdminResponder& responder);
  control::AdminResponse failure_of(const Request& request, const ServiceError& error) const;
  using Ports = control::Controller::Ports;
  Expected<control::Controller::Proposal> check(const shapes::Resources& created,
                                                Ports ports) const;
  Expected<void> commit(const shapes::Resources& before, const shapes::Resources& after);
  bool take_back(const Request& request, std::span<const ChangedListener> listeners,
                 Change& change);
  void remember_changed(const shapes::Resources& before);
  void audit(const Request& request, std::string_view outcome);
  // The local authority's certificates are renewed by nobody's request.
  void on_timer(io::Timer& timer) override;
  Expected<size_t> renew_certificates();

  bool serves_everywhere(const shapes::LoadBalancer& balancer) const override;
  std::string problem_of(const shapes::LoadBalancer& balancer) const override;
  const control::Controller::TargetHealthTable& target_health() const override;
  model::AnomalyLetter anomaly(const model::TargetKey& target) const override;
  bool shifted_away(const model::TargetKey& target) const override;
  const control::Controller::DrainingTable& draining_targets() const override;
  std::string started() const override { return started_; }
  std::string now() const override;
  WallTime wall_now() const override { return context_.loop.wall_now(); }
  std::string location_of(const LinkedContent& content) const override;
  control::AdminResponse linked_content(std::string_view query) const;

  static constexpr Duration first_renewal_after = 1s;
  // The clients' own limits are 60 s.
  static constexpr Duration outside_timeout = 50s;
  const ServiceContext context_;
  const std::string started_;
  LineLimit refusal_lines_;
  acm::FactsCache certificate_facts_;
  ContentLinks links_;
  io::Timer renewal_timer_;
  std::vector<std::unique_ptr<Change>> changes_;         // that workers have yet to adopt
  std::map<std::string, uint64_t> changed_in_revision_;  // load balancer's id → snapshot
  Ec2Cache ec2_cache_;
  std::list<Waiting> waiting_;
  // By bucket, "" for the EC2 endpoint: a slow one holds up nobody but those who ask it. A thread
  // each, once it is needed.
  std::map<std::string, std::unique_ptr<notify::RemoteReader>> readers_;
};

}  // namespace daruma::api
