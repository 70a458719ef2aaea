// SPDX-License-Identifier: Apache-2.0
#include "api/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/access_keys.h"
#include "api/acm.h"
#include "api/audited_resource.h"
#include "api/digest.h"
#include "api/ec2.h"
#include "api/elbv2.h"
#include "api/iam.h"
#include "api/json_codec.h"
#include "api/query_parameters.h"
#include "api/records.h"
#include "api/responses.h"
#include "base/time_text.h"
#include "control/arns.h"

namespace daruma::api {
namespace {

using std::string_view;

constexpr string_view sts_version = "2011-06-15";
constexpr string_view sts_namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

string_view namespace_of(string_view version) {
  if (version == iam::version) return iam::xml_namespace;
  return version == sts_version ? sts_namespace : elbv2::xml_namespace;
}

std::string text_of(const Parameter& parameters, string_view name) {
  const Parameter* found = parameters.find(name);
  return found ? found->text : "";
}

// In the body; if there is none, in the query, without what a signature adds.
Expected<Parameter> parameters_of(const control::AdminRequest& request) {
  auto parameters = request.body.empty() ? parse_query(request.query) : parse_form(request.body);
  if (!parameters) return parameters;
  std::erase_if(parameters->members,
                [](const auto& member) { return member.first.starts_with("X-Amz-"); });
  return parameters;
}

SignedRequest signed_request(const control::AdminRequest& request) {
  return {request.method == http::Method::post ? "POST" : "GET", request.path, request.query,
          request.fields, request.body};
}

// That a port is taken is of this node, not of AWS.
string_view code_of(control::IssueKind kind) {
  using enum control::IssueKind;
  switch (kind) {
    case other:
      return "ValidationError";
    case port_taken:
      return "InvalidConfigurationRequest";
    case too_many_load_balancers:
      return "TooManyLoadBalancers";
    case too_many_target_groups:
      return "TooManyTargetGroups";
    case too_many_certificates:
      return "LimitExceededException";
    case too_many_trust_stores:
      return "TooManyTrustStores";
    case too_many_actions:
      return "TooManyActions";
    case incompatible_protocols:
      return "IncompatibleProtocols";
    case bucket_missing:
      return "InvalidConfigurationRequest";
  }
  return "ValidationError";
}

}  // namespace

// A change that is durable and published; its answer waits for the workers. If one of them cannot
// open a listener of it, it is taken back, and the answer says why once that serves everywhere.
class Service::Change final : public control::ReloadObserver {
 public:
  Change(Service& service, Request request, std::vector<ChangedListener> listeners,
         control::AdminResponder responder, control::AdminResponse response)
      : service_(service),
        request_(std::move(request)),
        listeners_(std::move(listeners)),
        responder_(std::move(responder)),
        response_(std::move(response)) {
    request_.admin = nullptr;
  }

  void on_reloaded(const control::ReloadResult&) override {
    const auto listeners = std::exchange(listeners_, {});
    const std::string problem =
        api::problem_of(listeners, service_.context_.controller.publisher().listener_problems());
    if (!problem.empty() && service_.take_back(request_, listeners, *this)) {
      response_ = service_.failure_of(request_, {"InvalidConfigurationRequest", problem});
      return;
    }
    control::AdminResponder responder = std::move(responder_);
    control::AdminResponse response = std::move(response_);
    // Destroys this.
    std::erase_if(service_.changes_, [this](const auto& change) { return change.get() == this; });
    responder.send(std::move(response));
  }

 private:
  Service& service_;
  Request request_;
  std::vector<ChangedListener> listeners_;
  control::AdminResponder responder_;
  control::AdminResponse response_;
};

Service::Service(ServiceContext context)
    : context_(std::move(context)),
      started_(date_and_time(context_.loop.wall_now())),
      renewal_timer_(context_.loop.timers(), *this) {
  if (context_.created != nullptr) renewal_timer_.set(context_.loop.now() + first_renewal_after);
}

Service::~Service() {
  for (const auto& change : changes_) context_.controller.forget(*change);
}

std::string Caller::arn() const {
  if (name.empty()) return fmt::format("arn:aws:iam::{}:root", control::account_id);
  return fmt::format("arn:aws:iam::{}:user/{}", control::account_id, name);
}

void Service::handle(const control::AdminRequest& request, control::AdminResponder responder) {
  if (request.path == ContentLinks::path) return responder.send(linked_content(request.query));
  const bool page = request.method == http::Method::get && !cloudwatch::named_operation(request) &&
                    ("&" + std::string(request.query)).find("&Action=") == std::string::npos;
  if (page) return context_.index.handle(request, std::move(responder));
  Request asked = request_of(request);
  run(asked, responder);
}

void Service::handle_for(const Caller& caller, const control::AdminRequest& request,
                         control::AdminResponder responder) {
  Request asked = request_of(request);
  asked.caller = caller;
  asked.known = true;
  run(asked, responder);
}

Service::Request Service::request_of(const control::AdminRequest& request) const {
  const auto cloudwatch = cloudwatch::named_operation(request);
  const http::Field* target = request.fields.find("X-Amz-Target");
  Request asked{&request, request.client, target ? std::string(target->value) : "", "",
                "",       make_uuid()};
  asked.action = asked.target.substr(asked.target.find('.') + 1);
  asked.posted = request.method == http::Method::post;
  if (cloudwatch) {
    asked.form = cloudwatch->form;
    asked.action = cloudwatch->operation;
  }
  return asked;
}

void Service::run(Request& request, control::AdminResponder& responder) {
  refuse_if_failed(dispatch(request, responder), request, responder);
}

void Service::refuse_if_failed(const Expected<void>& done, Request& request,
                               control::AdminResponder& responder) {
  if (done) return;
  audit(request, done.error().code);
  control::AdminResponse response = failure_of(request, done.error());
  if (request.known) return responder.send(std::move(response));
  context_.failure_delay.refuse(std::move(responder), std::move(response));
}

control::AdminResponse Service::failure_of(const Request& request,
                                           const ServiceError& error) const {
  if (request.form) return cloudwatch::failure(*request.form, request.id, error);
  if (!request.target.empty()) return json_failure(request.id, error);
  if (request.version == ec2::version) return ec2::failure(request.id, error);
  return failure({namespace_of(request.version), request.action, request.id}, error);
}

// Whose operation it is, which the signature must name; nobody's is refused later.
std::span<const string_view> Service::Request::services() const {
  static constexpr string_view acm_only[] = {"acm"};
  static constexpr string_view cloudwatch_only[] = {"monitoring"};
  static constexpr string_view elbv2_only[] = {"elasticloadbalancing"};
  static constexpr string_view ec2_only[] = {"ec2"};
  static constexpr string_view iam_only[] = {"iam"};
  static constexpr string_view sts_only[] = {"sts"};
  if (form) return cloudwatch_only;
  if (target.starts_with(acm::target_prefix)) return acm_only;
  if (!target.empty()) return {};
  if (version == elbv2::version) return elbv2_only;
  if (version == ec2::version) return ec2_only;
  if (version == sts_version) return sts_only;
  if (version == iam::version) return iam_only;
  return {};
}

Expected<Caller> Service::caller_of(const Request& asked) const {
  const control::AdminRequest& request = *asked.admin;
  const shapes::Admin& admin = context_.controller.resources().admin;
  if (admin.authentication == "none") return Caller{"", true};
  const SignedRequest whole = signed_request(request);
  std::optional<shapes::AccessKey> made;
  if (context_.created != nullptr) {
    made = find_access_key(context_.data_directory, context_.created->vault, claimed_key(whole));
  }
  const std::span<const shapes::AccessKey> keys =
      made ? std::span<const shapes::AccessKey>(&*made, 1) : admin.access_keys;
  const auto key = verify_signature(whole, {keys, asked.services(), context_.loop.wall_now()});
  if (!key) return tl::unexpected(key.error());
  return Caller{(*key)->id, (*key)->role.value_or("admin") == "admin"};
}

Expected<void> Service::dispatch(Request& request, control::AdminResponder& responder) {
  const bool in_query = request.target.empty() && !request.form;
  auto parameters = in_query ? parameters_of(*request.admin) : Parameter();
  if (!parameters) return tl::unexpected(parameters.error());
  if (in_query) request.action = text_of(*parameters, "Action");
  request.version = text_of(*parameters, "Version");
  request.resource = resource_of(*parameters);
  if (request.version == cloudwatch::version) request.form = cloudwatch::WireForm::query;
  if (!request.known) {
    auto caller = caller_of(request);
    if (!caller) return tl::unexpected(caller.error());
    request.caller = std::move(*caller);
    request.known = true;
  }
  if (request.form && !in_query) return run_cloudwatch(request, *parameters, responder);
  if (!request.target.empty()) return run_acm(request, responder);
  if (request.action.empty()) {
    return refuse("MissingAction", "The request must contain the parameter Action");
  }
  parameters->members.erase("Action");
  parameters->members.erase("Version");
  if (request.form) return run_cloudwatch(request, *parameters, responder);
  if (request.version == elbv2::version) return run_elbv2(request, *parameters, responder, {});
  if (request.version == ec2::version) return run_ec2(request, *parameters, responder);
  if (request.version == iam::version) return run_iam(request, *parameters, responder);
  if (request.version == sts_version && request.action == "GetCallerIdentity") {
    XmlWriter out;
    out.element("Arn", request.caller.arn());
    out.element("UserId", request.caller.name.empty() ? std::string(control::account_id)
                                                      : request.caller.name);
    out.element("Account", control::account_id);
    responder.send(success({sts_namespace, request.action, request.id}, out.str()));
    return {};
  }
  return refuse("InvalidAction", fmt::format("Could not find operation {} for version {}",
                                             request.action, request.version));
}

Expected<void> Service::check_may_change(const Request& request, string_view service) const {
  if (const auto may = check_role(request, service); !may) return may;
  if (context_.created != nullptr) return {};
  return refuse("OperationNotPermitted",
                "This node keeps nothing; start it with `daruma serve --data DIRECTORY` to change "
                "resources through the API");
}

Expected<void> Service::check_role(const Request& request, string_view service) const {
  if (!request.caller.may_change) {
    return refuse("AccessDenied",
                  fmt::format("User: {} is not authorized to perform: {}:{}", request.caller.arn(),
                              service, request.action),
                  403);
  }
  // An image on somebody's page is a GET.
  if (request.caller.name.empty() && !request.posted) {
    return refuse("ValidationError", "A change that is not signed must be sent by POST");
  }
  if (context_.controller.draining()) {
    return refuse("ServiceUnavailable", "This node is stopping", 503);
  }
  return {};
}

Expected<void> Service::apply(const Request& request, Catalog& catalog,
                              control::AdminResponse response, control::AdminResponder& responder) {
  shapes::Resources after = catalog.take_created();
  auto proposal = check(after, Ports::tried);
  if (!proposal) return tl::unexpected(proposal.error());
  if (const auto kept = commit(catalog.before(), after); !kept) return kept;
  audit(request, "done");
  changes_.push_back(std::make_unique<Change>(*this, request,
                                              changed_listeners(catalog.before(), after),
                                              std::move(responder), std::move(response)));
  remember_changed(context_.controller.apply_created(std::move(after), std::move(*proposal),
                                                     changes_.back().get()));
  return {};
}

// False if that cannot be: the node is stopping, or what was there before is no longer possible.
// Then the change stays, and its load balancer is told to be impaired.
bool Service::take_back(const Request& request, std::span<const ChangedListener> listeners,
                        Change& change) {
  if (context_.controller.draining()) return false;
  shapes::Resources after = context_.controller.created();
  api::take_back(listeners, after);
  auto proposal = check(after, Ports::trusted);
  if (!proposal || !commit(context_.controller.created(), after)) return false;
  audit(request, "taken back");
  remember_changed(
      context_.controller.apply_created(std::move(after), std::move(*proposal), &change));
  return true;
}

// The whole tree must be what a file may say too.
Expected<control::Controller::Proposal> Service::check(const shapes::Resources& created,
                                                       Ports ports) const {
  auto proposal = context_.controller.propose(created, ports);
  for (const control::Issue& issue : proposal.issues.list()) {
    if (issue.severity != control::Severity::error) continue;
    return refuse(std::string(code_of(issue.kind)), issue.message);
  }
  return proposal;
}

Expected<void> Service::commit(const shapes::Resources& before, const shapes::Resources& after) {
  const std::vector<store::Change> changes =
      changes_between(before, after, context_.created->vault);
  if (changes.empty()) return {};
  const Result<uint64_t> revision =
      context_.created->store->commit(context_.created->revision, changes);
  if (!revision) {
    context_.log.write(LogLevel::error, "api", revision.error().message);
    return refuse("InternalFailure", revision.error().message, 500);
  }
  context_.created->revision = *revision;
  return {};
}

// Until every worker serves them, load balancers are being provisioned.
void Service::remember_changed(const shapes::Resources& before) {
  std::map<string_view, const shapes::LoadBalancer*> was;
  for (const auto& balancer : before.load_balancers) was[balancer.identity.id] = &balancer;
  std::map<std::string, uint64_t> changed;
  const uint64_t everywhere = context_.controller.publisher().revision_everywhere();
  for (const auto& balancer : context_.controller.created().load_balancers) {
    const auto known = was.find(balancer.identity.id);
    if (known == was.end() || *known->second != balancer) {
      changed[balancer.identity.id] = context_.controller.snapshot()->revision;
      continue;
    }
    const auto earlier = changed_in_revision_.find(balancer.identity.id);
    if (earlier != changed_in_revision_.end() && earlier->second > everywhere) {
      changed.insert(*earlier);
    }
  }
  changed_in_revision_ = std::move(changed);
}

bool Service::serves_everywhere(const shapes::LoadBalancer& balancer) const {
  const uint64_t everywhere = context_.controller.publisher().revision_everywhere();
  const auto changed = changed_in_revision_.find(balancer.identity.id);
  return everywhere >= (changed == changed_in_revision_.end() ? 1 : changed->second);
}

std::string Service::problem_of(const shapes::LoadBalancer& balancer) const {
  for (const auto& problem : context_.controller.publisher().listener_problems()) {
    if (problem.load_balancer == balancer.name) return problem.to_text();
  }
  return "";
}

const control::Controller::TargetHealthTable& Service::target_health() const {
  return context_.controller.target_health();
}

model::AnomalyLetter Service::anomaly(const model::TargetKey& target) const {
  return context_.controller.anomaly(target);
}

bool Service::shifted_away(const model::TargetKey& target) const {
  return context_.controller.shifted_away(target);
}

const control::Controller::DrainingTable& Service::draining_targets() const {
  return context_.controller.draining_targets();
}

std::string Service::now() const {
  return date_and_time(context_.loop.wall_now());
}

// Changes, wanted or made, and whoever is not known: who, from where, what, of what, how it ended.
void Service::audit(const Request& request, string_view outcome) {
  if (request.known && !request.changes) return;
  if (!request.known) {
    const auto left_out = refusal_lines_.take(context_.loop.now());
    if (!left_out) return;
    if (*left_out > 0) context_.audit.write_left_out(*left_out);
  }
  context_.audit.write(
      {.at = context_.loop.wall_now(),
       .known = request.known,
       .caller = request.known ? request.caller.name : claimed_key(signed_request(*request.admin)),
       .from = request.client.to_string(),
       .action = request.action,
       .resource = request.resource,
       .outcome = std::string(outcome),
       .id = request.id});
}

}  // namespace daruma::api
