// SPDX-License-Identifier: Apache-2.0
#include "control/balancing.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "control/attributes.h"

namespace daruma::control {
namespace {

namespace api = model::api;
using enum AttributeScope;
using std::string_view;

constexpr string_view algorithm_key = "load_balancing.algorithm.type";
constexpr string_view slow_start_key = "slow_start.duration_seconds";
constexpr string_view mitigation_key = "load_balancing.algorithm.anomaly_mitigation";

string_view text(const api::TargetGroup& group, string_view key) {
  return attribute_text(target_group, group.attributes, key);
}

// Of a value that may be wrong.
bool good(const api::TargetGroup& group, string_view key) {
  return !check_attribute(target_group, key, text(group, key));
}

model::Algorithm algorithm_of(string_view name) {
  using enum model::Algorithm;
  for (const model::Algorithm algorithm : {least_outstanding_requests, weighted_random}) {
    if (name_of(algorithm) == name) return algorithm;
  }
  return round_robin;
}

constexpr string_view cross_zone_key = "load_balancing.cross_zone.enabled";
constexpr string_view routing_prefix =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.";
constexpr string_view dns_prefix = "target_group_health.dns_failover.minimum_healthy_targets.";

// 0: off.
uint32_t number_of(const api::TargetGroup& group, const std::string& key) {
  return static_cast<uint32_t>(parse_decimal(text(group, key)).value_or(0));
}

model::MinimumHealthy minimum(const api::TargetGroup& group, string_view prefix) {
  return {.count = number_of(group, std::string(prefix) + "count"),
          .percentage = number_of(group, std::string(prefix) + "percentage")};
}

// A zone leaves DNS before, or when, its unhealthy targets are asked; never after (AWS).
void validate_thresholds(const api::TargetGroup& group, const Path& attributes, Issues& issues) {
  for (const char* kind : {"count", "percentage"}) {
    const std::string dns = std::string(dns_prefix) + kind;
    const std::string routing = std::string(routing_prefix) + kind;
    if (!group.attributes.contains(dns) && !group.attributes.contains(routing)) continue;
    if (!good(group, dns) || !good(group, routing)) continue;
    const uint32_t least = number_of(group, routing);
    const uint32_t for_dns = number_of(group, dns);
    // Where only routing's is given, the default of the other follows it.
    if (for_dns == 0 || for_dns >= least || !group.attributes.contains(dns)) continue;
    issues.error(attributes.at(dns),
                 fmt::format("'{}' value '{}' must not be below that of '{}', '{}'", dns, for_dns,
                             routing, least));
  }
}

}  // namespace

void validate_zones(const api::Resources& resources, const api::TargetGroup& group,
                    const Path& path, Issues& issues) {
  if (text(group, cross_zone_key) != "false") return;
  const Path attributes = path.at("Attributes");
  const Path where = attributes.at(cross_zone_key);
  const std::string& zone = resources.node.availability_zone;
  if (zone.empty()) {
    issues.error(where, fmt::format("'{}' false needs to know the zone of this node: set "
                                    "AvailabilityZone in Node",
                                    cross_zone_key));
    return;
  }
  const bool some = std::ranges::any_of(group.targets, [&zone](const auto& target) {
    return target.availability_zone.empty() || target.availability_zone == "all" ||
           target.availability_zone == zone;
  });
  if (some || group.targets.empty()) return;
  issues.warning(where, fmt::format("no target is in this node's zone, {}: requests are answered "
                                    "with 503",
                                    zone));
}

void validate_balancing(const api::TargetGroup& group, const Path& path, Issues& issues) {
  const Path attributes = path.at("Attributes");
  validate_thresholds(group, attributes, issues);
  if (!good(group, algorithm_key)) return;
  const string_view algorithm = text(group, algorithm_key);
  const auto needs = [&](string_view key, string_view needed, string_view off) {
    if (algorithm == needed || !good(group, key) || text(group, key) == off) return;
    issues.error(attributes.at(key),
                 fmt::format("'{}' goes with the algorithm {} only, not with {}; set it to {}, or "
                             "change '{}'",
                             key, needed, algorithm, off, algorithm_key));
  };
  needs(slow_start_key, "round_robin", "0");
  needs(mitigation_key, "weighted_random", "off");
}

model::Balancing balancing_of(const api::TargetGroup& group) {
  model::Balancing balancing;
  balancing.algorithm = algorithm_of(text(group, algorithm_key));
  balancing.cross_zone = text(group, cross_zone_key) != "false";
  balancing.routing = minimum(group, routing_prefix);
  balancing.dns = minimum(group, dns_prefix);
  if (!group.attributes.contains(std::string(dns_prefix) + "count") && balancing.dns.count > 0)
    balancing.dns.count = std::max(balancing.dns.count, balancing.routing.count);
  balancing.anomaly_mitigation = text(group, mitigation_key) == "on";
  balancing.slow_start =
      std::chrono::seconds(attribute_number(target_group, group.attributes, slow_start_key));
  return balancing;
}

}  // namespace daruma::control
