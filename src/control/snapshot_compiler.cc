// SPDX-License-Identifier: Apache-2.0
#include "control/snapshot_compiler.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "control/arns.h"
#include "control/attributes.h"
#include "control/balancing.h"
#include "control/error_pages.h"
#include "control/listener_fields.h"
#include "control/mutual_tls.h"
#include "control/stickiness.h"
#include "control/target_tls.h"
#include "control/validate_conditions.h"
#include "control/validate_transforms.h"
#include "model/limits.h"
#include "routing/rule_table.h"
#include "tls/security_policy.h"

namespace daruma::control {
namespace {

// Where it is, or the host name that tells.
const std::string& address_of(const model::api::TargetDescription& target) {
  return target.address.empty() ? target.id : target.address;
}

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;
using enum AttributeScope;

// A number that validate() has seen.
int checked(string_view text) {
  const auto number = parse_decimal(text);
  DARUMA_ASSERT(number.has_value());
  return static_cast<int>(*number);
}

model::Protocol protocol_of(string_view text) {
  return text == "HTTPS" ? model::Protocol::https : model::Protocol::http;
}

model::ProtocolVersion version_of(const api::TargetGroup& group) {
  const string_view text = group.protocol_version ? string_view(*group.protocol_version) : "HTTP1";
  if (text == "GRPC") return model::ProtocolVersion::grpc;
  return text == "HTTP2" ? model::ProtocolVersion::http2 : model::ProtocolVersion::http1;
}

model::DesyncMitigation desync_of(string_view text) {
  if (text == "monitor") return model::DesyncMitigation::monitor;
  if (text == "strictest") return model::DesyncMitigation::strictest;
  return model::DesyncMitigation::defensive;
}

model::XffProcessing xff_of(string_view text) {
  if (text == "preserve") return model::XffProcessing::preserve;
  if (text == "remove") return model::XffProcessing::remove;
  return model::XffProcessing::append;
}

model::TraceStart trace_start_of(string_view text) {
  if (text == "sampled") return model::TraceStart::sampled;
  if (text == "unsampled") return model::TraceStart::unsampled;
  return model::TraceStart::off;
}

class Compiler {
 public:
  Compiler(const api::Resources& resources, const NameTable& names, const ZonalShifts& shifts,
           const model::Snapshot* former)
      : resources_(resources), names_(names), shifts_(shifts), snapshot_before_(former) {
    if (former == nullptr) return;
    for (const auto& balancer : former->load_balancers) former_[balancer.name] = &balancer;
  }

  model::Snapshot run(uint64_t revision) {
    snapshot_.revision = revision;
    snapshot_.node = {resources_.node.addresses, resources_.node.availability_zone};
    snapshot_.cookie_keys = resources_.node.cookie_keys;
    snapshot_.target_groups.reserve(resources_.target_groups.size());
    snapshot_.load_balancers.reserve(resources_.load_balancers.size());
    for (const api::Certificate& certificate : resources_.certificates) add(certificate);
    for (const api::TrustStore& store : resources_.trust_stores) add(store);
    for (const api::TargetGroup& group : resources_.target_groups) add(group);
    for (const api::LoadBalancer& balancer : resources_.load_balancers) add(balancer);
    return std::move(snapshot_);
  }

 private:
  void add(const api::Certificate& from) {
    certificates_[from.name] = static_cast<uint32_t>(snapshot_.certificates.size());
    snapshot_.certificates.push_back({.name = from.name,
                                      .arn = arn_of(from),
                                      .chain_pem = from.chain_pem,
                                      .key_pem = from.key_pem,
                                      .fingerprint = from.fingerprint});
  }

  void add(const api::TrustStore& from) {
    trust_stores_[from.name] = static_cast<uint32_t>(snapshot_.trust_stores.size());
    snapshot_.trust_stores.push_back(compile_trust_store(from, snapshot_before_));
  }

  void add(const api::TargetGroup& from) {
    groups_[from.name] = static_cast<uint32_t>(snapshot_.target_groups.size());
    model::TargetGroup& group = snapshot_.target_groups.emplace_back();
    group.name = from.name;
    group.resource_id = resource_id(from);
    group.arn = arn_of(from);
    group.protocol = protocol_of(from.protocol.value_or("HTTP"));
    group.version = version_of(from);
    group.port = static_cast<uint16_t>(from.port.value_or(80));
    group.health_check = health_check(from);
    group.deregistration_delay = std::chrono::seconds(
        attribute_number(target_group, from.attributes, "deregistration_delay.timeout_seconds"));
    group.saturation_guard.enabled =
        attribute_flag(target_group, from.attributes, "daruma.saturation_guard.enabled");
    group.saturation_guard.queue_timeout = std::chrono::milliseconds(attribute_number(
        target_group, from.attributes, "daruma.saturation_guard.queue_timeout_milliseconds"));
    group.status_path = attribute_text(target_group, from.attributes, "daruma.target_status_path");
    group.balancing = balancing_of(from);
    group.stickiness = compile_stickiness(from);
    group.tls = compile_target_tls(from, resources_.certificates);
    for (const api::TargetDescription& target : from.targets) {
      group.targets.push_back(compile(target, group));
    }
    model::set_sticky_ids(group);
  }

  static model::HealthCheck health_check(const api::TargetGroup& from) {
    model::HealthCheck check;
    check.protocol =
        protocol_of(from.health_check_protocol.value_or(from.protocol.value_or("HTTP")));
    check.version = version_of(from);
    const bool grpc = check.version == model::ProtocolVersion::grpc;
    const std::string port = from.health_check_port.value_or("traffic-port");
    if (port != "traffic-port") check.port = static_cast<uint16_t>(checked(port));
    check.path = from.health_check_path.value_or(grpc ? "/AWS.ALB/healthcheck" : "/");
    check.body = attribute_text(target_group, from.attributes, "daruma.health_check.body");
    check.interval = std::chrono::seconds(from.health_check_interval_seconds.value_or(
        limits::health_check_interval_seconds.standard));
    check.timeout = std::chrono::seconds(
        from.health_check_timeout_seconds.value_or(limits::health_check_timeout_seconds.standard));
    check.healthy_threshold =
        static_cast<int>(from.healthy_threshold_count.value_or(limits::healthy_threshold.standard));
    check.unhealthy_threshold = static_cast<int>(
        from.unhealthy_threshold_count.value_or(limits::unhealthy_threshold.standard));
    const auto matcher = grpc ? model::CodeMatcher::parse_grpc(from.grpc_code.value_or("12"))
                              : model::CodeMatcher::parse(from.http_code.value_or("200"));
    check.matcher = matcher.value_or(model::CodeMatcher());
    return check;
  }

  model::Target compile(const api::TargetDescription& from, const model::TargetGroup& group) const {
    model::Target target;
    target.key = {group.name, from.id, static_cast<uint16_t>(from.port.value_or(group.port))};
    target.zone = from.availability_zone;
    if (const auto address = Address::parse(address_of(from), target.key.port)) {
      target.addresses = {*address};
    } else if (const auto found = names_.find(from.id); found != names_.end()) {
      for (const Address& resolved : found->second) {
        target.addresses.push_back(resolved.with_port(target.key.port));
      }
    }
    return target;
  }

  void add(const api::LoadBalancer& from) {
    model::LoadBalancer& balancer = snapshot_.load_balancers.emplace_back();
    balancer.name = from.name;
    balancer.resource_id = resource_id(from);
    balancer.arn = arn_of(from);
    balancer.dns_name = dns_name_of(from);
    set_attributes(from.attributes, balancer);
    if (balancer.zonal_shift) balancer.shifted_zone = shifts_.zone_of(from.name);
    for (const api::Listener& listener : from.listeners) {
      balancer.listeners.push_back(compile(from, listener));
    }
  }

  static void set_attributes(const api::Attributes& given, model::LoadBalancer& balancer) {
    const auto text = [&](string_view key) { return attribute_text(load_balancer, given, key); };
    const auto flag = [&](string_view key) { return attribute_flag(load_balancer, given, key); };
    const auto seconds = [&](string_view key) {
      return std::chrono::seconds(attribute_number(load_balancer, given, key));
    };
    balancer.idle_timeout = seconds("idle_timeout.timeout_seconds");
    balancer.client_keep_alive = seconds("client_keep_alive.seconds");
    balancer.request_body_bytes_per_second_min = static_cast<uint32_t>(
        attribute_number(load_balancer, given, "daruma.request_body.minimum_bytes_per_second"));
    balancer.desync = desync_of(text("routing.http.desync_mitigation_mode"));
    balancer.xff = xff_of(text("routing.http.xff_header_processing.mode"));
    balancer.xff_client_port = flag("routing.http.xff_client_port.enabled");
    balancer.http2 = flag("routing.http2.enabled");
    balancer.preserve_host_header = flag("routing.http.preserve_host_header.enabled");
    balancer.drop_invalid_header_fields = flag("routing.http.drop_invalid_header_fields.enabled");
    balancer.tls_version_and_cipher_headers =
        flag("routing.http.x_amzn_tls_version_and_cipher_suite.enabled");
    balancer.trace_start = trace_start_of(text("daruma.traceparent.start"));
    const auto log = [&](const std::string& attribute, model::LogPlace& place) {
      place = {std::string(text(attribute + ".s3.bucket")),
               std::string(text(attribute + ".s3.prefix"))};
      return flag(attribute + ".s3.enabled");
    };
    balancer.access_log = log("access_logs", balancer.access_log_place);
    balancer.connection_log = log("connection_logs", balancer.connection_log_place);
    balancer.health_check_log = log("health_check_logs", balancer.health_check_log_place);
    balancer.zonal_shift = flag("zonal_shift.config.enabled");
  }

  model::Listener compile(const api::LoadBalancer& balancer, const api::Listener& from) {
    model::Listener to;
    to.port = static_cast<uint16_t>(from.port.value_or(0));
    to.arn = arn_of(balancer, from);
    to.protocol = protocol_of(from.protocol.value_or("HTTP"));
    if (to.protocol == model::Protocol::https) {
      to.ssl_policy = from.ssl_policy.value_or(std::string(tls::default_policy));
    }
    for (const std::string& name : from.certificates) {
      const uint32_t certificate = index_of(certificates_, name);
      if (std::ranges::find(to.certificates, certificate) == to.certificates.end())
        to.certificates.push_back(certificate);
    }
    to.server_header =
        attribute_flag(listener, from.attributes, "routing.http.response.server.enabled");
    to.error_pages = compile_error_pages(from);
    compile_mutual_tls(from, trust_stores_, to.mutual_tls);
    compile_listener_fields(from, to);
    to.forward_failover = attribute_flag(listener, from.attributes, "daruma.forward.failover");
    to.rules.reserve(from.rules.size() + 1);
    for (const api::Rule& rule : from.rules) to.rules.push_back(compile(rule));
    std::ranges::stable_sort(to.rules, {}, &model::Rule::priority);
    DARUMA_ASSERT(!from.default_actions.empty());
    to.rules.push_back({0, {}, compile(from.default_actions.front())});
    set_table(balancer.name, names_of_rules(balancer, from), to);
    return to;
  }

  // A table knows conditions and places, not what the rules do. What is as it was is kept.
  void set_table(const std::string& balancer, model::RuleNames names, model::Listener& to) const {
    const model::Listener* former = former_listener(balancer, to.port);
    const bool same_names = former != nullptr && *former->table->names() == names;
    const auto kept = same_names ? former->table->names()
                                 : std::make_shared<const model::RuleNames>(std::move(names));
    const bool same_conditions =
        former != nullptr && std::ranges::equal(former->rules, to.rules, {},
                                                &model::Rule::conditions, &model::Rule::conditions);
    to.table =
        same_conditions ? former->table->named(kept) : routing::RuleTable::compile(to.rules, kept);
  }

  static model::RuleNames names_of_rules(const api::LoadBalancer& balancer,
                                         const api::Listener& listener) {
    const std::string last = default_rule_arn(balancer, listener);
    const std::string prefix = last.substr(0, last.rfind('/') + 1);
    model::RuleNames names;
    names.reserve(listener.rules.size() + 1);
    for (const api::Rule& rule : listener.rules) {
      names.push_back(
          {prefix + id_of(balancer, listener, rule), static_cast<int>(rule.priority.value_or(0))});
    }
    std::ranges::stable_sort(names, {}, &model::RuleName::priority);
    names.push_back({last, 0});
    return names;
  }

  // Null if there was none.
  const model::Listener* former_listener(const std::string& balancer, uint16_t port) const {
    const auto found = former_.find(balancer);
    if (found == former_.end()) return nullptr;
    const auto there = std::ranges::find(found->second->listeners, port, &model::Listener::port);
    return there == found->second->listeners.end() ? nullptr : &*there;
  }

  model::Rule compile(const api::Rule& from) {
    model::Rule rule;
    rule.priority = static_cast<int>(from.priority.value_or(0));
    for (const api::RuleCondition& condition : from.conditions) {
      rule.conditions.push_back(compile_condition(condition));
    }
    DARUMA_ASSERT(!from.actions.empty());
    rule.action = compile(from.actions.front());
    rule.transforms = compile_transforms(from.transforms);
    return rule;
  }

  model::Action compile(const api::Action& from) {
    if (from.redirect_config) return redirect(*from.redirect_config);
    if (from.fixed_response_config) return fixed_response(*from.fixed_response_config);
    model::ForwardAction action;
    if (from.target_group) add_group(action, *from.target_group, 1);
    if (from.forward_config) {
      for (const api::TargetGroupTuple& tuple : *from.forward_config) {
        add_group(action, tuple.target_group,
                  tuple.weight.value_or(limits::forward_weight.standard));
      }
    }
    if (from.stickiness_config && from.stickiness_config->enabled.value_or(false))
      action.stickiness =
          std::chrono::seconds(from.stickiness_config->duration_seconds.value_or(0));
    return action;
  }

  void add_group(model::ForwardAction& action, const std::string& name, int64_t weight) {
    const uint32_t group = index_of(groups_, name);
    snapshot_.target_groups[group].in_use = true;
    snapshot_.target_groups[group].balancing.shifted_zone =
        snapshot_.load_balancers.back().shifted_zone;
    action.groups.push_back({group, static_cast<uint32_t>(weight)});
    action.weight_total += static_cast<uint32_t>(weight);
  }

  static model::RedirectAction redirect(const api::RedirectConfig& from) {
    model::RedirectAction action;
    if (from.protocol) action.protocol = *from.protocol;
    if (from.host) action.host = *from.host;
    if (from.port) action.port = *from.port;
    if (from.path) action.path = *from.path;
    if (from.query) action.query = *from.query;
    action.status = from.status_code == "HTTP_301" ? 301 : 302;
    return action;
  }

  static model::FixedResponseAction fixed_response(const api::FixedResponseConfig& from) {
    model::FixedResponseAction action;
    action.status = checked(from.status_code);
    action.body = from.message_body.value_or("");
    action.content_type = from.content_type.value_or(action.body.empty() ? "" : "text/plain");
    return action;
  }

  static uint32_t index_of(const std::map<std::string, uint32_t>& table, const std::string& name) {
    const auto found = table.find(name);
    DARUMA_ASSERT(found != table.end());
    return found->second;
  }

  const api::Resources& resources_;
  const NameTable& names_;
  const ZonalShifts& shifts_;
  const model::Snapshot* snapshot_before_;
  std::map<string_view, const model::LoadBalancer*> former_;  // by name
  model::Snapshot snapshot_;
  std::map<std::string, uint32_t> certificates_;
  std::map<std::string, uint32_t> groups_;
  std::map<std::string, uint32_t> trust_stores_;
};

}  // namespace

model::SnapshotRef compile_snapshot(const api::Resources& resources, const NameTable& names,
                                    uint64_t revision, const ZonalShifts& shifts,
                                    const model::Snapshot* former) {
  return std::make_shared<const model::Snapshot>(
      Compiler(resources, names, shifts, former).run(revision));
}

std::set<std::string> target_names(const api::Resources& resources) {
  std::set<std::string> names;
  for (const api::TargetGroup& group : resources.target_groups) {
    for (const api::TargetDescription& target : group.targets) {
      if (!Address::parse(address_of(target), 0)) names.insert(target.id);
    }
  }
  return names;
}

}  // namespace daruma::control
