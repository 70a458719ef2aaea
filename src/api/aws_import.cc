// SPDX-License-Identifier: Apache-2.0
#include "api/aws_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "control/attributes.h"
#include "tls/security_policy.h"

namespace daruma::api {
namespace {

namespace shapes = model::api;
using control::AttributeScope;
using std::string_view;

std::string text_in(const Json& json, const char* member) {
  const auto found = json.is_object() ? json.find(member) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& list_in(const Json& json, const char* member) {
  static const Json none = Json::array();
  if (!json.is_object()) return none;
  const auto found = json.find(member);
  return found != json.end() && found->is_array() ? *found : none;
}

// "…/a/b/c": the N-th part from the end, the last being 0.
std::string part_of(const std::string& arn, size_t from_end) {
  string_view rest = arn;
  for (; from_end > 0; --from_end) rest = rest.substr(0, std::min(rest.rfind('/'), rest.size()));
  return std::string(rest.substr(rest.rfind('/') + 1));
}

// The short forms beside the long ones, and what is empty, say nothing.
void drop_repetition(shapes::RuleCondition& condition) {
  const auto drop_empty = [](auto& values) {
    if (values && values->empty()) values.reset();
  };
  for (auto* config : {&condition.host_header_config, &condition.path_pattern_config,
                       &condition.http_header_config, &condition.http_request_method_config,
                       &condition.source_ip_config}) {
    if (!*config) continue;
    drop_empty((*config)->values);
    drop_empty((*config)->regex_values);
    condition.values.reset();
    condition.regex_values.reset();
  }
  drop_empty(condition.values);
  drop_empty(condition.regex_values);
  if (condition.query_string_config) condition.values.reset();
}

void drop_repetition(shapes::Action& action) {
  if (!action.forward_config) return;
  const bool sticky = action.stickiness_config && action.stickiness_config->enabled == true;
  if (!sticky) action.stickiness_config.reset();
  if (sticky || action.forward_config->size() != 1) {
    action.target_group.reset();
    return;
  }
  action.target_group = action.forward_config->front().target_group;
  action.forward_config.reset();
}

std::vector<shapes::Action> nobody_is_let_in() {
  shapes::Action action;
  action.type = "fixed-response";
  action.fixed_response_config = {"503", std::nullopt, std::nullopt};
  return {action};
}

class Importer {
 public:
  Imported run(const std::vector<DescribedFile>& files) {
    for (const DescribedFile& file : files) collect(file);
    for (const Json& group : groups_) add_group(group);
    for (const Json& balancer : balancers_) add_balancer(balancer);
    return std::move(imported_);
  }

 private:
  template <class... Parts>
  void note(fmt::format_string<Parts...> format, Parts&&... parts) {
    imported_.notes.push_back(fmt::format(format, std::forward<Parts>(parts)...));
  }

  void collect(const DescribedFile& file) {
    const Json& json = file.json;
    const auto take = [&json](const char* member, std::vector<Json>& to) {
      for (const Json& each : list_in(json, member)) to.push_back(each);
    };
    take("LoadBalancers", balancers_);
    take("TargetGroups", groups_);
    for (const Json& listener : list_in(json, "Listeners")) {
      listeners_[part_of(text_in(listener, "LoadBalancerArn"), 0)].push_back(listener);
    }
    for (const Json& rule : list_in(json, "Rules")) {
      rules_[part_of(text_in(rule, "RuleArn"), 1)].push_back(rule);
    }
    for (const Json& summary : list_in(json, "CertificateSummaryList")) {
      domains_[text_in(summary, "CertificateArn")] = text_in(summary, "DomainName");
    }
    for (const Json& reservation : list_in(json, "Reservations")) {
      for (const Json& instance : list_in(reservation, "Instances")) {
        addresses_[text_in(instance, "InstanceId")] = text_in(instance, "PrivateIpAddress");
      }
    }
    for (const char* member : {"Attributes", "TargetHealthDescriptions", "Certificates"}) {
      if (!list_in(json, member).empty()) by_name_.push_back({file.name, json});
    }
  }

  // Lists whose answers do not say whose they are: of the files that have the id in their name.
  std::vector<Json> of(const std::string& id, const char* member) const {
    std::vector<Json> items;
    for (const DescribedFile& file : by_name_) {
      if (id.empty() || file.name.find(id) == std::string::npos) continue;
      for (const Json& item : list_in(file.json, member)) items.push_back(item);
      if (!items.empty()) break;
    }
    return items;
  }

  shapes::Attributes attributes(const std::string& id, AttributeScope scope,
                                const std::string& what) {
    const auto keys = control::attribute_keys(scope);
    shapes::Attributes kept;
    for (const Json& attribute : of(id, "Attributes")) {
      const std::string key = text_in(attribute, "Key");
      const std::string value = text_in(attribute, "Value");
      const bool known = std::ranges::find(keys, key) != keys.end();
      if (known && control::attribute_text(scope, {}, key) == value) continue;
      if (value.empty()) continue;
      if (key.ends_with(".s3.bucket") || key.ends_with(".s3.prefix")) {
        note("{}: attribute {} is left out: add the bucket '{}' to Buckets, and then the attribute",
             what, key, value);
        continue;
      }
      const auto problem = control::check_attribute(scope, key, value);
      if (!problem) {
        kept[key] = value;
      } else if (value != "false" && value != "off") {
        note("{}: attribute {} is left out: {}", what, key, problem->message);
      }
    }
    return kept;
  }

  // ---- target groups ----

  void add_group(const Json& json) {
    const std::string name = text_in(json, "TargetGroupName");
    const std::string arn = text_in(json, "TargetGroupArn");
    const std::string type = text_in(json, "TargetType");
    const std::string protocol = text_in(json, "Protocol");
    const std::string what = "target group " + name;
    if ((type != "ip" && type != "instance") || (protocol != "HTTP" && protocol != "HTTPS")) {
      note("{} is left out: its targets are of type {}, protocol {}", what, type, protocol);
      return;
    }
    group_names_[arn] = name;
    shapes::TargetGroup& group = imported_.resources.target_groups.emplace_back();
    group.name = name;
    JsonReader reader(json);
    reader.text("Protocol", group.protocol);
    reader.text("ProtocolVersion", group.protocol_version);
    reader.number("Port", group.port);
    describe_health_check(reader, group);
    if (const auto matcher = json.find("Matcher"); matcher != json.end()) {
      JsonReader inner(*matcher);
      inner.text("HttpCode", group.http_code);
      inner.text("GrpcCode", group.grpc_code);
    }
    const std::string id = part_of(arn, 0);
    group.attributes = attributes(id, AttributeScope::target_group, what);
    for (const Json& row : of(id, "TargetHealthDescriptions")) add_target(group, row, what);
  }

  void add_target(shapes::TargetGroup& group, const Json& row, const std::string& what) {
    const auto health = row.find("TargetHealth");
    if (health != row.end() && text_in(*health, "State") == "draining") return;
    const auto found = row.find("Target");
    if (found == row.end()) return;
    shapes::TargetDescription target;
    JsonReader reader(*found);
    reader.text("Id", target.id);
    reader.number("Port", target.port);
    reader.text("AvailabilityZone", target.availability_zone);
    if (target.id.starts_with("i-")) {
      const std::string address = addresses_[target.id];
      if (address.empty()) {
        return note("{}: target {} is left out: no `aws ec2 describe-instances` tells its address",
                    what, target.id);
      }
      target.id = address;
    }
    if (target.port == group.port) target.port.reset();
    group.targets.push_back(std::move(target));
  }

  // ---- load balancers ----

  void add_balancer(const Json& json) {
    const std::string name = text_in(json, "LoadBalancerName");
    const std::string id = part_of(text_in(json, "LoadBalancerArn"), 0);
    const std::string what = "load balancer " + name;
    if (text_in(json, "Type") != "application") {
      return note("{} is left out: it is of type {}", what, text_in(json, "Type"));
    }
    shapes::LoadBalancer& balancer = imported_.resources.load_balancers.emplace_back();
    balancer.name = name;
    balancer.scheme = text_in(json, "Scheme");
    balancer.attributes = attributes(id, AttributeScope::load_balancer, what);
    for (const Json& listener : listeners_[id]) add_listener(balancer, listener, what);
  }

  void add_listener(shapes::LoadBalancer& balancer, const Json& json, const std::string& owner) {
    shapes::Listener listener;
    JsonReader reader(json);
    reader.number("Port", listener.port);
    reader.text("Protocol", listener.protocol);
    reader.text("SslPolicy", listener.ssl_policy);
    const std::string what = fmt::format("{}, port {}", owner, listener.port.value_or(0));
    const auto mutual = json.find("MutualAuthentication");
    if (mutual != json.end() && text_in(*mutual, "Mode") != "off" &&
        !add_mutual(listener, *mutual)) {
      return note(
          "{}: the listener is left out: nothing says which trust store its clients are "
          "verified by",
          what);
    }
    if (listener.ssl_policy && !tls::find_policy(*listener.ssl_policy)) {
      note("{}: SslPolicy {} is left out: it is not known here", what, *listener.ssl_policy);
      listener.ssl_policy.reset();
    }
    const std::string id = part_of(text_in(json, "ListenerArn"), 0);
    for (const Json& each : list_in(json, "Certificates")) add_certificate(listener, each);
    for (const Json& each : of(id, "Certificates")) add_certificate(listener, each);
    listener.attributes = attributes(id, AttributeScope::listener, what);
    listener.default_actions = actions(list_in(json, "DefaultActions"), what);
    for (const Json& rule : rules_[id]) add_rule(listener, rule, what);
    std::ranges::sort(listener.rules, {}, &shapes::Rule::priority);
    balancer.listeners.push_back(std::move(listener));
  }

  void add_rule(shapes::Listener& listener, const Json& json, const std::string& owner) {
    const auto priority = parse_decimal(text_in(json, "Priority"));
    if (!priority) return;  // the default rule: the listener has its actions
    shapes::Rule& rule = listener.rules.emplace_back();
    rule.priority = static_cast<int64_t>(*priority);
    JsonReader reader(json);
    reader.objects("Conditions", rule.conditions);
    for (shapes::RuleCondition& condition : rule.conditions) drop_repetition(condition);
    reader.objects("Transforms", rule.transforms);
    rule.actions =
        actions(list_in(json, "Actions"), fmt::format("{}, priority {}", owner, *priority));
  }

  std::vector<shapes::Action> actions(Json list, const std::string& what) {
    std::vector<shapes::Action> all;
    for (Json& json : list) {
      const std::string type = text_in(json, "Type");
      if (type != "forward" && type != "redirect" && type != "fixed-response") {
        note("{}: answers 503, since this release has no action {}", what, type);
        return nobody_is_let_in();
      }
      if (!name_groups(json)) {
        note("{}: answers 503, since a target group that it forwards to is left out", what);
        return nobody_is_let_in();
      }
      JsonReader reader(json);
      describe(reader, all.emplace_back());
      drop_repetition(all.back());
    }
    return all;
  }

  // Target groups by name instead of ARN, all the way down. False if one is not there.
  bool name_groups(Json& json) const {
    bool good = true;
    if (json.is_object()) {
      if (const std::string arn = text_in(json, "TargetGroupArn"); !arn.empty()) {
        const auto known = group_names_.find(arn);
        if (known == group_names_.end()) return false;
        json["TargetGroup"] = known->second;
      }
    }
    if (!json.is_structured()) return true;
    for (Json& inner : json) good = good && name_groups(inner);
    return good;
  }

  // False if clients are verified and it is not said by what.
  bool add_mutual(shapes::Listener& listener, const Json& json) {
    shapes::MutualAuthentication& mutual = listener.mutual_authentication.emplace();
    JsonReader reader(json);
    describe(reader, mutual);
    if (mutual.mode != "verify") {
      mutual.ignore_client_certificate_expiry.reset();
      mutual.advertise_trust_store_ca_names.reset();
      return true;
    }
    const std::string arn = text_in(json, "TrustStoreArn");
    if (arn.empty()) return false;
    mutual.trust_store = part_of(arn, 1);
    if (!used_trust_stores_.insert(mutual.trust_store).second) return true;
    shapes::TrustStore& store = imported_.resources.trust_stores.emplace_back();
    store.name = mutual.trust_store;
    store.bundle_file = "certificates/" + store.name + ".ca.pem";
    note(
        "trust store {} ({}): put its bundle where TrustStores says, and its revocation lists as "
        "RevocationFiles; `aws elbv2 get-trust-store-ca-certificates-bundle` and "
        "`get-trust-store-revocation-content` tell where to fetch them",
        store.name, arn);
    return true;
  }

  void add_certificate(shapes::Listener& listener, const Json& json) {
    const std::string arn = text_in(json, "CertificateArn");
    if (arn.empty()) return;
    std::string& name = certificate_names_[arn];
    if (name.empty()) {
      name = name_for(arn);
      shapes::Certificate& certificate = imported_.resources.certificates.emplace_back();
      certificate.name = name;
      certificate.certificate_file = "certificates/" + name + ".crt";
      certificate.private_key_file = "certificates/" + name + ".key";
      note("certificate {} ({}): put it and its key where Certificates says; AWS keeps the key",
           name, arn);
    }
    auto& there = listener.certificates;
    if (std::ranges::find(there, name) == there.end()) there.push_back(name);
  }

  // Its domain, or its id where two have the same one.
  std::string name_for(const std::string& arn) {
    std::string name = domains_.contains(arn) ? domains_[arn] : part_of(arn, 0);
    if (name.starts_with("*.")) name = "wildcard." + name.substr(2);
    if (!used_names_.insert(name).second) name = part_of(arn, 0);
    return name;
  }

  Imported imported_;
  std::vector<Json> balancers_;
  std::vector<Json> groups_;
  std::map<std::string, std::vector<Json>> listeners_;  // by their load balancer's id
  std::map<std::string, std::vector<Json>> rules_;      // by their listener's id
  std::vector<DescribedFile> by_name_;
  std::map<std::string, std::string> domains_;      // of certificates, by ARN
  std::map<std::string, std::string> addresses_;    // of instances
  std::map<std::string, std::string> group_names_;  // of those that are imported, by ARN
  std::map<std::string, std::string> certificate_names_;
  std::set<std::string> used_names_;
  std::set<std::string> used_trust_stores_;
};

}  // namespace

Imported import_described(const std::vector<DescribedFile>& files) {
  return Importer().run(files);
}

}  // namespace daruma::api
