// SPDX-License-Identifier: Apache-2.0
#include "control/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "control/attributes.h"
#include "control/balancing.h"
#include "control/error_pages.h"
#include "control/listener_fields.h"
#include "control/mutual_tls.h"
#include "control/name_servers.h"
#include "control/quotas.h"
#include "control/stickiness.h"
#include "control/suggestion.h"
#include "control/target_tls.h"
#include "control/validate_access.h"
#include "control/validate_actions.h"
#include "control/validate_alarms.h"
#include "control/validate_buckets.h"
#include "control/validate_mackerel.h"
#include "control/validate_rules.h"
#include "control/validate_target_groups.h"
#include "control/validate_values.h"
#include "model/limits.h"
#include "telemetry/log_format.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

class Validator {
 public:
  Validator(const api::Resources& resources, const ValidationContext& context, Issues& issues)
      : resources_(resources), context_(context), issues_(issues) {}

  void run() {
    section_count(resources_.certificates.size(), limits::certificates_max, "Certificates",
                  IssueKind::too_many_certificates);
    section_count(resources_.trust_stores.size(), limits::trust_stores_max, "TrustStores",
                  IssueKind::too_many_trust_stores);
    section_count(resources_.target_groups.size(), limits::target_groups_max, "TargetGroups",
                  IssueKind::too_many_target_groups);
    section_count(resources_.load_balancers.size(), limits::load_balancers_max, "LoadBalancers",
                  IssueKind::too_many_load_balancers);
    node();
    admin();
    logs();
    validate_buckets(resources_, issues_);
    validate_mackerel(resources_.mackerel, root_.at("Mackerel"), issues_);
    validate_alarms(resources_.alarms, root_.at("Alarms"), issues_);
    for (size_t i = 0; i < resources_.certificates.size(); ++i) {
      certificate(resources_.certificates[i], root_.at("Certificates", i));
    }
    for (size_t i = 0; i < resources_.trust_stores.size(); ++i) {
      const Path path = root_.at("TrustStores", i);
      name_once("Trust store", resources_.trust_stores[i].name, path, trust_stores_);
      validate_trust_store(resources_.trust_stores[i], path, issues_);
    }
    for (size_t i = 0; i < resources_.target_groups.size(); ++i) {
      const Path path = root_.at("TargetGroups", i);
      const api::TargetGroup& group = resources_.target_groups[i];
      name_once("Target group", group.name, path, target_groups_);
      if (group.protocol_version == "HTTP2" || group.protocol_version == "GRPC")
        http2_groups_.emplace(group.name, *group.protocol_version);
      if (group.targets.empty()) groups_without_targets_.insert(group.name);
      validate_target_group(group, path, issues_);
      validate_zones(resources_, group, path, issues_);
      validate_stickiness(group, path, issues_);
      validate_target_tls(group, context_.certificate_names_incomplete ? nullptr : &certificates_,
                          path, issues_);
      sticky_groups_.add(group);
    }
    for (size_t i = 0; i < resources_.load_balancers.size(); ++i) {
      load_balancer(resources_.load_balancers[i], root_.at("LoadBalancers", i));
    }
  }

 private:
  // ---- the node ----

  void node() {
    const Path path = root_.at("Node");
    for (size_t i = 0; i < resources_.node.addresses.size(); ++i) {
      const std::string& text = resources_.node.addresses[i];
      const Path where = path.at("Addresses", i);
      const auto address = Address::parse(text, 0);
      if (!address) {
        issues_.error(where, fmt::format("'{}' is not an IP address", text));
      } else if (!node_addresses_.insert(*address).second) {
        issues_.error(where, fmt::format("address {} is given twice", text));
      }
    }
    validate_zone(resources_.node.availability_zone, path, issues_);
    validate_resolvers(resources_.node.resolvers, path, issues_);
  }

  void admin() {
    const Path path = root_.at("Admin");
    const api::Admin& admin = resources_.admin;
    validate_number(admin.port, port_range, path, "Port", issues_);
    validate_access(admin, path, issues_);
    if (!admin.address) return;
    const auto address = Address::parse(*admin.address, 0);
    if (!address) {
      issues_.error(path.at("Address"), fmt::format("'{}' is not an IP address", *admin.address));
    } else if (!address->is_loopback()) {
      issues_.error(path.at("Address"),
                    fmt::format("{} is not a loopback address; nobody logs in to the admin pages, "
                                "so use 127.0.0.1 or ::1",
                                *admin.address));
    }
  }

  void logs() {
    const auto& format = resources_.logs.format;
    if (!format || telemetry::log_format_of(*format)) return;
    const Path path = root_.at("Logs");
    issues_.error(path.at("Format"),
                  fmt::format("Format must be alb, json or ltsv, not '{}'", *format));
  }

  // Whether the admin endpoint and a listener on this port would want the same socket.
  bool taken_by_admin(int64_t port) const {
    if (resources_.admin.port.value_or(default_admin_port) != port) return false;
    const auto admin = Address::parse(resources_.admin.address.value_or(default_admin_address), 0);
    if (!admin) return false;
    const auto every = admin->family() == Address::Family::v4 ? Address::v4({}, 0)  //
                                                              : Address::v6({}, 0);
    return node_addresses_.empty() || node_addresses_.contains(*admin) ||
           node_addresses_.contains(every);
  }

  // ---- certificates ----

  void certificate(const api::Certificate& certificate, const Path& path) {
    once("Certificate", certificate.name, path, certificates_);
    const std::string message = check_certificate_name(certificate.name);
    if (!message.empty()) issues_.error(path.at("Name"), message);
    if (!certificate.identity.id.empty()) return;  // imported by the API, without files
    if (certificate.certificate_file.empty()) {
      issues_.error(path.at("CertificateFile"),
                    "CertificateFile is missing: a PEM file, leaf first");
    }
    if (certificate.private_key_file.empty()) {
      issues_.error(path.at("PrivateKeyFile"), "PrivateKeyFile is missing: a PEM file");
    }
  }

  void name_once(string_view what, const std::string& name, const Path& path,
                 std::set<std::string>& seen) {
    const std::string message = check_name(what, name);
    if (!message.empty()) issues_.error(path.at("Name"), message);
    once(what, name, path, seen);
  }

  void once(string_view what, const std::string& name, const Path& path,
            std::set<std::string>& seen) {
    if (name.empty() || seen.insert(name).second) return;
    issues_.error(path.at("Name"),
                  fmt::format("A {} with the name '{}' already exists", ascii_lowered(what), name));
  }

  // ---- load balancers ----

  void load_balancer(const api::LoadBalancer& balancer, const Path& path) {
    name_once("Load balancer", balancer.name, path, load_balancers_);
    if (balancer.name.starts_with("internal-")) {
      issues_.error(path.at("Name"), fmt::format("Load balancer name '{}' cannot begin with "
                                                 "'internal-'",
                                                 balancer.name));
    }
    kind(balancer, path);
    validate_attributes(AttributeScope::load_balancer, balancer.attributes, path, issues_);
    if (balancer.listeners.empty()) {
      issues_.warning(path, "a load balancer without Listeners serves nothing");
    }
    const Quotas quotas = Quotas::of(balancer);
    count(balancer.listeners.size(), quotas.listeners, "listeners", "daruma.quota.listeners", path);
    size_t rules = 0;
    groups_here_.clear();
    for (size_t i = 0; i < balancer.listeners.size(); ++i) {
      listener(balancer, balancer.listeners[i], quotas, path.at("Listeners", i));
      rules += balancer.listeners[i].rules.size();
    }
    count(rules, quotas.rules, "rules (default rules not counted)", "daruma.quota.rules", path);
    count(groups_here_.size(), quotas.target_groups, "target groups", "daruma.quota.target_groups",
          path);
  }

  void kind(const api::LoadBalancer& balancer, const Path& path) {
    if (balancer.type.value_or("application") != "application") {
      issues_.error(path.at("Type"),
                    fmt::format("Type must be application, not '{}'", *balancer.type));
    }
    const std::string scheme = balancer.scheme.value_or("internet-facing");
    if (scheme != "internet-facing" && scheme != "internal") {
      issues_.error(path.at("Scheme"),
                    fmt::format("Scheme must be internet-facing or internal, not '{}'", scheme));
    }
  }

  void section_count(size_t number, size_t most, string_view section, IssueKind kind) {
    if (number <= most) return;
    issues_.error(root_.at(section),
                  fmt::format("a node has at most {} {}, not {}", most, section, number), kind);
  }

  void count(size_t number, int64_t most, string_view what, string_view quota, const Path& path) {
    if (number <= static_cast<size_t>(most)) return;
    issues_.error(path.at("Name"),
                  fmt::format("a load balancer has at most {} {}, not {}; raise its {} for more",
                              most, what, number, quota));
  }

  void listener(const api::LoadBalancer& balancer, const api::Listener& listener,
                const Quotas& quotas, const Path& path) {
    listener_port(balancer, listener, path);
    if (!listener.protocol) {
      issues_.error(path.at("Protocol"), "A listener protocol must be specified");
    } else if (*listener.protocol != "HTTP" && *listener.protocol != "HTTPS") {
      issues_.error(
          path.at("Protocol"),
          fmt::format("Listener protocol '{}' must be one of 'HTTPS, HTTP'", *listener.protocol));
    } else {
      listener_tls(listener, quotas, path);
    }
    validate_attributes(AttributeScope::listener, listener.attributes, path, issues_);
    validate_error_pages(listener, path, issues_);
    validate_listener_fields(listener, path, issues_);
    const ListenerView view{listener.protocol == "HTTPS", listener.port.value_or(0), quotas};
    const NameSink names = [&](const Path& where, const std::string& name) {
      reference(balancer, where, name);
      http2_group(view, where, name);
    };
    validate_actions(listener.default_actions, path, "DefaultActions", view, names, issues_);
    validate_rules(listener.rules, path, view, names, issues_);
    sticky_groups_.validate(listener.default_actions, path, "DefaultActions", issues_);
    for (size_t i = 0; i < listener.rules.size(); ++i) {
      const Path rule = path.at("Rules", i);
      sticky_groups_.validate(listener.rules[i].actions, rule, "Actions", issues_);
    }
  }

  // AWS: clients of HTTP listeners have no way to speak HTTP/2.
  void http2_group(const ListenerView& listener, const Path& where, const std::string& name) {
    const auto found = http2_groups_.find(name);
    if (listener.https || found == http2_groups_.end()) return;
    issues_.error(where,
                  fmt::format("target group '{}' has ProtocolVersion {}, which an HTTP "
                              "listener cannot forward to; use an HTTPS listener",
                              name, found->second),
                  IssueKind::incompatible_protocols);
  }

  void listener_port(const api::LoadBalancer& balancer, const api::Listener& listener,
                     const Path& path) {
    if (!listener.port) {
      issues_.error(path.at("Port"), "Port is missing: a number from 1 to 65535");
      return;
    }
    const int64_t port = *listener.port;
    if (!validate_number(listener.port, port_range, path, "Port", issues_)) return;
    const auto [taken, fresh] = ports_.emplace(port, balancer.name);
    if (!fresh) {
      issues_.error(path.at("Port"),
                    fmt::format("port {} has a listener of load balancer '{}' already; each port "
                                "of the node can have one",
                                port, taken->second),
                    IssueKind::port_taken);
    } else if (taken_by_admin(port)) {
      issues_.error(path.at("Port"),
                    fmt::format("port {} is Admin's; choose another for one of them", port),
                    IssueKind::port_taken);
    }
  }

  void listener_tls(const api::Listener& listener, const Quotas& quotas, const Path& path) {
    const bool https = *listener.protocol == "HTTPS";
    if (https && listener.certificates.empty()) {
      issues_.error(path.at("Certificates"), "A certificate must be specified for HTTPS listeners");
    }
    if (!https && !listener.certificates.empty()) {
      issues_.error_at_key(path.at("Certificates"),
                           "Certificates belong to HTTPS listeners; this one is HTTP");
    }
    if (!https && listener.ssl_policy) {
      issues_.error_at_key(path.at("SslPolicy"),
                           "SslPolicy belongs to HTTPS listeners; this one is HTTP");
    }
    if (https && listener.ssl_policy) {
      const Result<void> known = context_.check_ssl_policy(*listener.ssl_policy);
      if (!known) issues_.error(path.at("SslPolicy"), known.error().message);
    }
    if (listener.certificates.size() > static_cast<size_t>(quotas.certificates)) {
      issues_.error(path.at("Certificates"),
                    fmt::format("a listener has at most {} certificates, not {}; raise the load "
                                "balancer's daruma.quota.certificates_per_listener for more",
                                quotas.certificates, listener.certificates.size()));
    }
    if (https) certificate_names(listener.certificates, path);
    validate_mutual_tls(listener, context_.trust_store_names_incomplete ? nullptr : &trust_stores_,
                        path, issues_);
  }

  // The first is the default, which may be among the others too (AddListenerCertificates).
  void certificate_names(const std::vector<std::string>& names, const Path& path) {
    std::set<string_view> others;
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0 && !others.insert(names[i]).second) {
        issues_.error(path.at("Certificates", i),
                      fmt::format("certificate '{}' is given twice", names[i]));
      }
      if (certificates_.contains(names[i]) || context_.certificate_names_incomplete) continue;
      issues_.error(path.at("Certificates", i),
                    fmt::format("certificate '{}' is not in Certificates{}", names[i],
                                suggestion(names[i], certificates_)));
    }
  }

  // An action names a target group.
  void reference(const api::LoadBalancer& balancer, const Path& where, const std::string& name) {
    if (name.empty()) {
      issues_.error(where, "TargetGroup is missing: the name of a target group");
      return;
    }
    if (!target_groups_.contains(name)) {
      if (context_.target_group_names_incomplete) return;
      issues_.error(where, fmt::format("Target group '{}' not found{}", name,
                                       suggestion(name, target_groups_)));
      return;
    }
    const bool first = groups_here_.insert(name).second;
    if (first && groups_without_targets_.contains(name)) {
      issues_.warning(where, fmt::format("target group '{}' has no Targets: its requests are "
                                         "answered with 503",
                                         name));
    }
    const auto [owner, fresh] = owners_.emplace(name, balancer.name);
    if (fresh || owner->second == balancer.name) return;
    issues_.error(where,
                  fmt::format("target group '{}' belongs to load balancer '{}' already; a target "
                              "group cannot be associated with more than one",
                              name, owner->second));
  }

  // ---- shared ----

  std::string suggestion(const std::string& name, const std::set<std::string>& known) const {
    if (issues_.list().size() >= suggestions_max) return "";
    const std::vector<string_view> words(known.begin(), known.end());
    return did_you_mean(name, words);
  }

  static constexpr size_t suggestions_max = 100;  // each looks at every name
  static constexpr const char* default_admin_address = "127.0.0.1";
  static constexpr int64_t default_admin_port = 9090;

  const api::Resources& resources_;
  const ValidationContext& context_;
  Issues& issues_;
  const Path root_;
  std::set<Address> node_addresses_;
  std::set<std::string> certificates_;
  std::set<std::string> trust_stores_;
  std::set<std::string> target_groups_;
  std::set<std::string> groups_without_targets_;
  std::map<std::string, std::string> http2_groups_;  // their ProtocolVersion
  StickyGroups sticky_groups_;
  std::set<std::string> load_balancers_;
  std::map<int64_t, std::string> ports_;       // → load balancer
  std::map<std::string, std::string> owners_;  // target group → load balancer
  std::set<std::string> groups_here_;          // of the load balancer being looked at
};

}  // namespace

void validate(const api::Resources& resources, const ValidationContext& context, Issues& issues) {
  Validator(resources, context, issues).run();
}

}  // namespace daruma::control
