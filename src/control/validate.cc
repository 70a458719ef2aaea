// SPDX-License-Identifier: Apache-2.0
#include "control/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <string>

#include "base/address.h"
#include "base/bytes.h"
#include "control/attributes.h"
#include "control/suggestion.h"
#include "control/validate_rules.h"
#include "model/limits.h"
#include "model/target.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

constexpr limits::Range port_range{1, 65535, 0};

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

// AWS's rules for names of load balancers and target groups; "" if good. `what` begins a sentence.
std::string check_name(string_view what, string_view name) {
  if (name.empty()) return "Name is missing";
  if (name.size() > limits::name_bytes_max) {
    return fmt::format("{} name '{}' cannot be longer than '{}' characters", what, name,
                       limits::name_bytes_max);
  }
  if (!std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '-'; })) {
    return fmt::format(
        "{} name '{}' can only contain characters that are alphanumeric characters "
        "or hyphens(-)",
        what, name);
  }
  if (name.front() == '-' || name.back() == '-') {
    return fmt::format("{} name '{}' cannot begin or end with '-'", what, name);
  }
  return "";
}

// A DNS name (RFC 1123, underscores tolerated); "" if good.
std::string check_host_name(string_view name) {
  bool all_digits = true;  // of the last label: then it was meant to be an IPv4 address
  size_t label = 0;
  for (size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '.') {
      const string_view text = name.substr(i - label, label);
      if (label == 0 || label > 63 || text.front() == '-' || text.back() == '-') {
        return fmt::format("'{}' is neither an IP address nor a host name", name);
      }
      all_digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
      label = 0;
    } else if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '_') {
      return fmt::format("'{}' is neither an IP address nor a host name", name);
    } else {
      ++label;
    }
  }
  if (all_digits) return fmt::format("'{}' is not an IP address", name);
  if (name.size() > 253) return "a host name has at most 253 characters";
  return "";
}

// Zone names end up in metric labels and log fields.
bool is_zone(string_view zone) {
  return zone.size() <= 64 && std::ranges::all_of(zone, [](char c) {
           return is_alnum(c) || c == '-' || c == '_' || c == '.';
         });
}

class Validator {
 public:
  Validator(const api::Resources& resources, const ValidationContext& context, Issues& issues)
      : resources_(resources), context_(context), issues_(issues) {}

  void run() {
    node();
    admin();
    for (size_t i = 0; i < resources_.certificates.size(); ++i) {
      certificate(resources_.certificates[i], root_.at("Certificates", i));
    }
    for (size_t i = 0; i < resources_.target_groups.size(); ++i) {
      target_group(resources_.target_groups[i], root_.at("TargetGroups", i));
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
      if (!Address::parse(text, 0)) {
        issues_.error(where, fmt::format("'{}' is not an IP address", text));
      } else if (!node_addresses_.insert(text).second) {
        issues_.error(where, fmt::format("address {} is given twice", text));
      }
    }
    zone(resources_.node.availability_zone, path);
  }

  void zone(const std::string& zone, const Path& parent) {
    if (is_zone(zone)) return;
    issues_.error(
        parent.at("AvailabilityZone"),
        fmt::format("AvailabilityZone '{}' must be up to 64 letters, digits and - _ .", zone));
  }

  void admin() {
    const Path path = root_.at("Admin");
    const api::Admin& admin = resources_.admin;
    if (admin.address && !Address::parse(*admin.address, 0)) {
      issues_.error(path.at("Address"), fmt::format("'{}' is not an IP address", *admin.address));
    }
    number(admin.port, port_range, path, "Port");
  }

  // Whether the admin endpoint and a listener on this port would want the same socket.
  bool taken_by_admin(int64_t port) const {
    const std::string address = resources_.admin.address.value_or(default_admin_address);
    if (resources_.admin.port.value_or(default_admin_port) != port) return false;
    return node_addresses_.empty() || node_addresses_.contains(address) || address == "0.0.0.0" ||
           address == "::";
  }

  // ---- certificates ----

  void certificate(const api::Certificate& certificate, const Path& path) {
    name_once("Certificate", certificate.name, path, certificates_);
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
    if (name.empty() || seen.insert(name).second) return;
    issues_.error(path.at("Name"),
                  fmt::format("A {} with the name '{}' already exists", ascii_lowered(what), name));
  }

  // ---- target groups ----

  void target_group(const api::TargetGroup& group, const Path& path) {
    name_once("Target group", group.name, path, target_groups_);
    if (!group.protocol) {
      issues_.error(path.at("Protocol"), "Protocol is missing: HTTP or HTTPS");
    }
    protocol(group.protocol, path, "Protocol");
    if (!group.port) issues_.error(path.at("Port"), "Port is missing: a number from 1 to 65535");
    number(group.port, port_range, path, "Port");
    versions(group, path);
    health_check(group, path);
    attributes(AttributeScope::target_group, group.attributes, path);
    targets(group, path);
  }

  void protocol(const std::optional<std::string>& value, const Path& parent, string_view member) {
    if (!value || *value == "HTTP" || *value == "HTTPS") return;
    issues_.error(parent.at(member),
                  fmt::format("{} must be HTTP or HTTPS, not '{}'", member, *value));
  }

  void versions(const api::TargetGroup& group, const Path& path) {
    const std::string version = group.protocol_version.value_or("HTTP1");
    if (version == "HTTP2" || version == "GRPC") {
      not_in_this_release(path.at("ProtocolVersion"), "ProtocolVersion " + version);
    } else if (version != "HTTP1") {
      issues_.error(path.at("ProtocolVersion"),
                    fmt::format("ProtocolVersion must be HTTP1, not '{}'", version));
    }
    const std::string type = group.target_type.value_or("ip");
    if (type == "instance" || type == "lambda") {
      not_in_this_release(path.at("TargetType"), "TargetType " + type);
    } else if (type != "ip") {
      issues_.error(path.at("TargetType"), fmt::format("TargetType must be ip, not '{}'", type));
    }
  }

  void health_check(const api::TargetGroup& group, const Path& path) {
    if (group.health_check_enabled == false) {
      issues_.error(path.at("HealthCheckEnabled"),
                    "health checks of this target type cannot be disabled; HealthCheckEnabled must "
                    "be true");
    }
    protocol(group.health_check_protocol, path, "HealthCheckProtocol");
    number(group.health_check_interval_seconds, limits::health_check_interval_seconds, path,
           "HealthCheckIntervalSeconds");
    number(group.health_check_timeout_seconds, limits::health_check_timeout_seconds, path,
           "HealthCheckTimeoutSeconds");
    number(group.healthy_threshold_count, limits::healthy_threshold, path, "HealthyThresholdCount");
    number(group.unhealthy_threshold_count, limits::unhealthy_threshold, path,
           "UnhealthyThresholdCount");
    health_check_times(group, path);
    health_check_port(group, path);
    health_check_path(group, path);
    if (group.http_code && !model::CodeMatcher::parse(*group.http_code)) {
      const Path matcher = path.at("Matcher");
      issues_.error(matcher.at("HttpCode"),
                    fmt::format("HttpCode must be like 200 | 200-399 | 200,201 within 200-499, not "
                                "'{}'",
                                *group.http_code));
    }
  }

  void health_check_times(const api::TargetGroup& group, const Path& path) {
    const int64_t interval = group.health_check_interval_seconds.value_or(
        limits::health_check_interval_seconds.standard);
    const int64_t timeout =
        group.health_check_timeout_seconds.value_or(limits::health_check_timeout_seconds.standard);
    if (timeout >= interval) {
      issues_.error(
          path.at(group.health_check_timeout_seconds ? "HealthCheckTimeoutSeconds"
                                                     : "HealthCheckIntervalSeconds"),
          fmt::format(
              "Health check timeout '{}' must be smaller than the interval '{}'{}", timeout,
              interval,
              group.health_check_timeout_seconds ? "" : "; set HealthCheckTimeoutSeconds too"));
      return;
    }
    const int64_t threshold =
        group.unhealthy_threshold_count.value_or(limits::unhealthy_threshold.standard);
    const int64_t noticed = interval * threshold + timeout;
    if (noticed < slow_detection_seconds) return;
    issues_.warning(path.at("HealthCheckIntervalSeconds"),
                    fmt::format("a target that dies gets requests for up to {} s: interval {} x "
                                "UnhealthyThresholdCount {} + timeout {}",
                                noticed, interval, threshold, timeout));
  }

  void health_check_port(const api::TargetGroup& group, const Path& path) {
    if (!group.health_check_port || *group.health_check_port == "traffic-port") return;
    const auto port = parse_decimal(*group.health_check_port);
    if (port && *port >= 1 && *port <= 65535) return;
    issues_.error(path.at("HealthCheckPort"),
                  fmt::format("HealthCheckPort must be traffic-port or a number from 1 to 65535, "
                              "not '{}'",
                              *group.health_check_port));
  }

  void health_check_path(const api::TargetGroup& group, const Path& path) {
    if (!group.health_check_path) return;
    const std::string& text = *group.health_check_path;
    const Path where = path.at("HealthCheckPath");
    if (!text.starts_with('/')) {
      issues_.error(where, fmt::format("HealthCheckPath must begin with '/', not '{}'", text));
    } else if (text.size() > limits::health_check_path_bytes_max) {
      issues_.error(where, fmt::format("HealthCheckPath has {} bytes; the limit is {}", text.size(),
                                       limits::health_check_path_bytes_max));
    } else if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; })) {
      issues_.error(where,
                    "HealthCheckPath may hold only visible ASCII characters; encode others "
                    "as %XX");
    } else if (text.find('#') != std::string::npos) {
      issues_.error(where, "HealthCheckPath must not hold a '#'; fragments are not sent");
    }
  }

  void targets(const api::TargetGroup& group, const Path& path) {
    if (group.targets.size() > limits::targets_per_group_max) {
      issues_.error(path.at("Targets"),
                    fmt::format("a target group has at most {} targets, not {}",
                                limits::targets_per_group_max, group.targets.size()));
    }
    std::set<std::pair<std::string, int64_t>> seen;
    for (size_t i = 0; i < group.targets.size(); ++i) {
      const api::TargetDescription& target = group.targets[i];
      const Path where = path.at("Targets", i);
      target_id(target.id, where);
      number(target.port, port_range, where, "Port");
      zone(target.availability_zone, where);
      const auto address = Address::parse(target.id, 0);
      const int64_t port = target.port.value_or(group.port.value_or(0));
      const std::string id = address ? address->ip() : ascii_lowered(target.id);
      if (!id.empty() && !seen.emplace(id, port).second) {
        issues_.error(where, fmt::format("target {} port {} is registered twice", target.id, port));
      }
    }
  }

  void target_id(const std::string& id, const Path& target) {
    if (id.empty()) {
      issues_.error(target.at("Id"), "Id is missing: an IP address or a host name");
    } else if (const auto address = Address::parse(id, 0)) {
      if (id == "0.0.0.0" || address->ip() == "::") {
        issues_.error(target.at("Id"), fmt::format("{} is no address to connect to", id));
      }
    } else if (const std::string message = check_host_name(id); !message.empty()) {
      issues_.error(target.at("Id"), message);
    }
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
    attributes(AttributeScope::load_balancer, balancer.attributes, path);
    if (balancer.listeners.empty()) {
      issues_.warning(path, "a load balancer without Listeners serves nothing");
    }
    count(balancer.listeners.size(), limits::listeners_per_load_balancer_max, "listeners", path);
    size_t rules = 0;
    groups_here_.clear();
    for (size_t i = 0; i < balancer.listeners.size(); ++i) {
      listener(balancer, balancer.listeners[i], path.at("Listeners", i));
      rules += balancer.listeners[i].rules.size();
    }
    count(rules, limits::rules_per_load_balancer_max, "rules (default rules not counted)", path);
    count(groups_here_.size(), limits::target_groups_per_load_balancer_max, "target groups", path);
  }

  void kind(const api::LoadBalancer& balancer, const Path& path) {
    if (balancer.type.value_or("application") != "application") {
      issues_.error(path.at("Type"),
                    fmt::format("Type must be application, not '{}'", *balancer.type));
    }
    const std::string scheme = balancer.scheme.value_or("internet-facing");
    if (scheme == "internal") {
      not_in_this_release(path.at("Scheme"), "Scheme internal");
    } else if (scheme != "internet-facing") {
      issues_.error(path.at("Scheme"),
                    fmt::format("Scheme must be internet-facing, not '{}'", scheme));
    }
  }

  void count(size_t number, size_t most, string_view what, const Path& path) {
    if (number <= most) return;
    issues_.error(path.at("Name"),
                  fmt::format("a load balancer has at most {} {}, not {}", most, what, number));
  }

  void listener(const api::LoadBalancer& balancer, const api::Listener& listener,
                const Path& path) {
    listener_port(balancer, listener, path);
    if (!listener.protocol) {
      issues_.error(path.at("Protocol"), "A listener protocol must be specified");
    } else if (*listener.protocol != "HTTP" && *listener.protocol != "HTTPS") {
      issues_.error(
          path.at("Protocol"),
          fmt::format("Listener protocol '{}' must be one of 'HTTPS, HTTP'", *listener.protocol));
    } else {
      listener_tls(listener, path);
    }
    attributes(AttributeScope::listener, listener.attributes, path);
    const ListenerView view{listener.protocol == "HTTPS", listener.port.value_or(0)};
    const NameSink names = [&](const Path& where, const std::string& name) {
      reference(balancer, where, name);
    };
    validate_actions(listener.default_actions, path, "DefaultActions", view, names, issues_);
    validate_rules(listener.rules, path, view, names, issues_);
  }

  void listener_port(const api::LoadBalancer& balancer, const api::Listener& listener,
                     const Path& path) {
    if (!listener.port) {
      issues_.error(path.at("Port"), "Port is missing: a number from 1 to 65535");
      return;
    }
    const int64_t port = *listener.port;
    if (!number(listener.port, port_range, path, "Port")) return;
    const auto [taken, fresh] = ports_.emplace(port, balancer.name);
    if (!fresh) {
      issues_.error(path.at("Port"),
                    fmt::format("port {} has a listener of load balancer '{}' already; each port "
                                "of the node can have one",
                                port, taken->second));
    } else if (taken_by_admin(port)) {
      issues_.error(path.at("Port"),
                    fmt::format("port {} is Admin's; choose another for one of them", port));
    }
  }

  void listener_tls(const api::Listener& listener, const Path& path) {
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
    if (listener.certificates.size() > limits::certificates_per_listener_max) {
      issues_.error(
          path.at("Certificates"),
          fmt::format("a listener has at most {} certificates, not {}",
                      limits::certificates_per_listener_max, listener.certificates.size()));
    }
    if (https) certificate_names(listener.certificates, path);
  }

  void certificate_names(const std::vector<std::string>& names, const Path& path) {
    std::set<string_view> seen;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!seen.insert(names[i]).second) {
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
    groups_here_.insert(name);
    const auto [owner, fresh] = owners_.emplace(name, balancer.name);
    if (fresh || owner->second == balancer.name) return;
    issues_.error(where,
                  fmt::format("target group '{}' belongs to load balancer '{}' already; a target "
                              "group cannot be associated with more than one",
                              name, owner->second));
  }

  // ---- shared ----

  bool number(const std::optional<int64_t>& value, limits::Range range, const Path& parent,
              string_view member) {
    if (!value || (*value >= range.least && *value <= range.most)) return true;
    issues_.error(parent.at(member), fmt::format("{} must be a number from {} to {}, not {}",
                                                 member, range.least, range.most, *value));
    return false;
  }

  void attributes(AttributeScope scope, const api::Attributes& attributes, const Path& parent) {
    const Path path = parent.at("Attributes");
    for (const auto& [key, value] : attributes) {
      const auto problem = check_attribute(scope, key, value);
      if (!problem) continue;
      if (problem->at_key) {
        issues_.error_at_key(path.at(key), problem->message);
      } else {
        issues_.error(path.at(key), problem->message);
      }
    }
  }

  void not_in_this_release(const Path& where, const std::string& what) {
    issues_.error(where, what + " is an ALB feature that this release does not have");
  }

  static std::string suggestion(const std::string& name, const std::set<std::string>& known) {
    const std::vector<string_view> words(known.begin(), known.end());
    return did_you_mean(name, words);
  }

  static constexpr const char* default_admin_address = "127.0.0.1";
  static constexpr int64_t default_admin_port = 9090;
  static constexpr int64_t slow_detection_seconds = 300;

  const api::Resources& resources_;
  const ValidationContext& context_;
  Issues& issues_;
  const Path root_;
  std::set<std::string> node_addresses_;
  std::set<std::string> certificates_;
  std::set<std::string> target_groups_;
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
