// SPDX-License-Identifier: Apache-2.0
//
// From a request that is known and may, to the operation that it names: elbv2, EC2, ACM,
// IAM, CloudWatch.
#include <fmt/format.h>

#include <utility>

#include "api/acm.h"
#include "api/audited_resource.h"
#include "api/cloudwatch.h"
#include "api/ec2.h"
#include "api/ec2_inventory.h"
#include "api/elbv2.h"
#include "api/iam.h"
#include "api/json_codec.h"
#include "api/responses.h"
#include "api/service.h"
#include "control/arns.h"

namespace daruma::api {

Expected<void> Service::run_elbv2(Request& request, const Parameter& parameters,
                                  control::AdminResponder& responder,
                                  const OutsideAnswers& answers) {
  const OperationRow* operation = elbv2::find_operation(request.action);
  if (operation == nullptr) {
    return refuse("InvalidAction", fmt::format("Could not find operation {} for version {}",
                                               request.action, elbv2::version));
  }
  const bool changes = request.changes = operation->effect == Effect::changes;
  if (changes) {
    const auto may = check_may_change(request, "elasticloadbalancing");
    if (!may) return may;
  }
  Catalog catalog(context_.controller.declared(), context_.controller.created(),
                  context_.config_file);
  if (changes) catalog.begin_change();
  const GroupOfArn name_of_group = [&catalog](const std::string& arn) -> Expected<std::string> {
    const auto group = catalog.group(arn);
    if (!group) return tl::unexpected(group.error());
    return (*group)->name;
  };
  const ArnOfGroup arn_of_group = [&catalog](const std::string& name) {
    const shapes::TargetGroup* group = catalog.group_named(name);
    return group ? control::arn_of(*group) : "";
  };
  const auto& ec2 = context_.controller.declared().admin.ec2;
  ec2_cache_.use(ec2);
  Outside outside({catalog.inventory(), catalog.node(), ec2, ec2_cache_,
                   context_.controller.settings().buckets, context_.config_file, answers,
                   context_.loop.now()});
  Call call{catalog, *this, outside, QueryReader(parameters, name_of_group),
            XmlWriter(arn_of_group)};
  const Expected<void> done = operation->run(call);
  if (!outside.questions().empty()) {
    set_aside(request, parameters, responder, answers, outside.questions());
    return {};
  }
  if (!done) return done;
  if (std::string made = created_resource(request.action, call.out.str()); !made.empty()) {
    request.resource = std::move(made);
  }
  control::AdminResponse response =
      success({elbv2::xml_namespace, request.action, request.id}, call.out.str());
  if (changes) return apply(request, catalog, std::move(response), responder);
  responder.send(std::move(response));
  return {};
}

Expected<void> Service::run_acm(Request& request, control::AdminResponder& responder) {
  const bool is_acm = request.target.starts_with(acm::target_prefix);
  request.action = is_acm ? request.target.substr(acm::target_prefix.size()) : request.target;
  const acm::JsonOperationRow* operation = acm::find_operation(is_acm ? request.action : "");
  if (operation == nullptr) {
    return refuse("UnknownOperationException",
                  fmt::format("The operation {} is not in this release", request.action));
  }
  const bool changes = request.changes = operation->effect == Effect::changes;
  if (changes) {
    if (const auto may = check_may_change(request, "acm"); !may) return may;
  }
  const auto in = acm::parse_body(request.admin->body);
  if (!in) return tl::unexpected(in.error());
  const auto arn_in = [](const acm::Json& json) {
    const auto arn = json.find("CertificateArn");
    return arn != json.end() && arn->is_string() ? arn->get<std::string>() : "";
  };
  request.resource = arn_in(*in);
  Catalog catalog(context_.controller.declared(), context_.controller.created(),
                  context_.config_file);
  if (changes) catalog.begin_change();
  acm::JsonCall call{catalog, *this, context_.surroundings, certificate_facts_, *in};
  if (const Expected<void> done = operation->run(call); !done) return done;
  if (request.resource.empty()) request.resource = arn_in(call.out);
  control::AdminResponse response = json_success(request.id, json_text(call.out));
  if (changes) return apply(request, catalog, std::move(response), responder);
  responder.send(std::move(response));
  return {};
}

Expected<void> Service::run_cloudwatch(Request& request, const Parameter& parameters,
                                       control::AdminResponder& responder) {
  namespace cw = cloudwatch;
  const cw::OperationRow* operation = cw::find_operation(request.action);
  if (operation == nullptr) {
    return refuse("InvalidAction", fmt::format("Could not find operation {} for version {}",
                                               request.action, cw::version));
  }
  request.changes = operation->effect == Effect::changes;
  if (request.changes) {
    if (const auto may = check_role(request, "cloudwatch"); !may) return may;
  }
  const auto in = cw::decode(*request.form, *request.admin, parameters);
  if (!in) return tl::unexpected(in.error());
  request.resource = resource_of(*in);
  cw::Call call{cw::Input(*in), context_.series, context_.loop.wall_now()};
  call.alarms = &context_.alarms;
  if (const Expected<void> done = operation->run(call); !done) return done;
  if (request.changes) audit(request, "done");
  responder.send(cw::success(*request.form, request.action, request.id, call.out));
  return {};
}

Expected<void> Service::run_iam(Request& request, const Parameter& parameters,
                                control::AdminResponder& responder) {
  const iam::IamRow* operation = iam::find_operation(request.action);
  if (operation == nullptr) {
    return refuse("InvalidAction",
                  fmt::format("The operation {} is not in this release", request.action));
  }
  const bool changes = request.changes = operation->effect == Effect::changes;
  if (changes) {
    if (const auto may = check_may_change(request, "iam"); !may) return may;
  }
  Catalog catalog(context_.controller.declared(), context_.controller.created(),
                  context_.config_file);
  if (changes) catalog.begin_change();
  const GroupOfArn no_groups = [](const std::string& arn) { return Expected<std::string>(arn); };
  static const std::optional<shapes::Ec2Endpoint> nobody;
  static const OutsideAnswers nothing;
  Outside outside({catalog.inventory(),
                   catalog.node(),
                   nobody,
                   ec2_cache_,
                   context_.controller.settings().buckets,
                   context_.config_file,
                   nothing,
                   {}});
  Call call{catalog, *this, outside, QueryReader(parameters, no_groups), XmlWriter()};
  iam::IamCall iam_call{call, context_.surroundings, certificate_facts_};
  if (const Expected<void> done = operation->run(iam_call); !done) return done;
  control::AdminResponse response =
      success({iam::xml_namespace, request.action, request.id}, call.out.str());
  if (changes) return apply(request, catalog, std::move(response), responder);
  responder.send(std::move(response));
  return {};
}

Expected<void> Service::run_ec2(Request& request, const Parameter& parameters,
                                control::AdminResponder& responder) {
  if (const auto& endpoint = context_.controller.declared().admin.ec2) {
    return refuse("UnsupportedOperation",
                  fmt::format("Networks and machines are those of {} here (Admin.Ec2 in {}): ask "
                              "there",
                              endpoint->endpoint.value_or(""), context_.config_file));
  }
  Catalog catalog(context_.controller.declared(), context_.controller.created(),
                  context_.config_file);
  Parameter asked = parameters;
  const auto dry_run = ec2::take_dry_run(asked);
  if (!dry_run) return tl::unexpected(dry_run.error());
  const ec2::InventoryRow* change = ec2::find_change(request.action);
  if (change == nullptr) {
    const auto found = ec2::describe(request.action, asked, {catalog.inventory(), catalog.node()});
    if (!found) return tl::unexpected(found.error());
    if (*dry_run) return ec2::would_have_succeeded();
    responder.send(ec2::success(request.action, request.id, *found));
    return {};
  }
  request.changes = true;
  if (const auto may = check_may_change(request, "ec2"); !may) {
    return tl::unexpected(ec2::in_own_words(may.error()));
  }
  catalog.begin_change();
  ec2::InventoryCall call{catalog, *this, asked, XmlWriter()};
  if (const Expected<void> done = change->run(call); !done) return done;
  if (*dry_run) {
    const auto proposal = check(catalog.take_created(), Ports::tried);
    if (!proposal) return tl::unexpected(proposal.error());
    return ec2::would_have_succeeded();
  }
  if (std::string made = created_resource(request.action, call.out.str()); !made.empty()) {
    request.resource = std::move(made);
  }
  return apply(request, catalog, ec2::success(request.action, request.id, call.out.str()),
               responder);
}

}  // namespace daruma::api
