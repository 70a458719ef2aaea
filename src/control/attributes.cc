// SPDX-License-Identifier: Apache-2.0
#include "control/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "control/attribute_texts.h"
#include "control/error_pages.h"
#include "control/listener_fields.h"
#include "control/suggestion.h"
#include "control/target_tls.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

using enum AttributeScope;
namespace limits = model::limits;

enum class Kind : uint8_t {
  flag,      // true, false
  number,    // within `range`; or one of `values`, such as "off"
  choice,    // one of `values`
  text,      // as `check` has it
  fixed,     // known to ALB; this release has only `values`, the default first
  elsewhere  // belongs to another type of load balancer
};

struct Row {
  AttributeScope scope;
  std::string_view key;
  Kind kind;
  std::string_view standard;
  limits::Range range{0, 0, 0};
  std::array<std::string_view, 3> values{};
  std::string_view instead = {};  // what to do, where "not in this release" is not the point
  std::string (*check)(std::string_view) = nullptr;  // what is wrong with a text, or ""
};

constexpr Row flag(AttributeScope scope, std::string_view key, std::string_view standard) {
  return {scope, key, Kind::flag, standard};
}
constexpr Row number(AttributeScope scope, std::string_view key, std::string_view standard,
                     limits::Range range) {
  return {scope, key, Kind::number, standard, range};
}
constexpr Row number_or(AttributeScope scope, std::string_view key, std::string_view word,
                        std::string_view standard, limits::Range range) {
  return {scope, key, Kind::number, standard, range, {word}};
}
constexpr Row text(AttributeScope scope, std::string_view key,
                   std::string (*check)(std::string_view)) {
  return {scope, key, Kind::text, "", {0, 0, 0}, {}, {}, check};
}
constexpr Row fixed(AttributeScope scope, std::string_view key, std::string_view standard,
                    std::string_view instead = {}, std::string_view also = {}) {
  return {scope, key, Kind::fixed, standard, {0, 0, 0}, {standard, also}, instead};
}
constexpr Row elsewhere(AttributeScope scope, std::string_view key) {
  return {scope, key, Kind::elsewhere, {}};
}

constexpr Row rows[] = {
    flag(load_balancer, "access_logs.s3.enabled", "false"),
    text(load_balancer, "access_logs.s3.bucket", any_text),
    text(load_balancer, "access_logs.s3.prefix", check_log_prefix),
    flag(load_balancer, "health_check_logs.s3.enabled", "false"),
    text(load_balancer, "health_check_logs.s3.bucket", any_text),
    text(load_balancer, "health_check_logs.s3.prefix", check_log_prefix),
    flag(load_balancer, "connection_logs.s3.enabled", "false"),
    text(load_balancer, "connection_logs.s3.bucket", any_text),
    text(load_balancer, "connection_logs.s3.prefix", check_log_prefix),
    number(load_balancer, "client_keep_alive.seconds", "3600", limits::client_keep_alive_seconds),
    number(load_balancer, "idle_timeout.timeout_seconds", "60", limits::idle_timeout_seconds),
    number(load_balancer, "daruma.request_body.minimum_bytes_per_second", "500",
           limits::request_body_bytes_per_second),
    flag(load_balancer, "deletion_protection.enabled", "false"),
    fixed(load_balancer, "ipv6.deny_all_igw_traffic", "false"),
    fixed(load_balancer, "load_balancing.cross_zone.enabled", "true",
          "an Application Load Balancer is always cross-zone"),
    {load_balancer,
     "routing.http.desync_mitigation_mode",
     Kind::choice,
     "defensive",
     {0, 0, 0},
     {"monitor", "defensive", "strictest"}},
    flag(load_balancer, "routing.http.drop_invalid_header_fields.enabled", "false"),
    flag(load_balancer, "routing.http.preserve_host_header.enabled", "false"),
    flag(load_balancer, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
    flag(load_balancer, "routing.http.xff_client_port.enabled", "false"),
    {load_balancer,
     "routing.http.xff_header_processing.mode",
     Kind::choice,
     "append",
     {0, 0, 0},
     {"append", "preserve", "remove"}},
    flag(load_balancer, "routing.http2.enabled", "true"),
    {load_balancer,
     "daruma.traceparent.start",
     Kind::choice,
     "off",
     {0, 0, 0},
     {"off", "sampled", "unsampled"}},
    fixed(load_balancer, "waf.fail_open.enabled", "false"),
    flag(load_balancer, "zonal_shift.config.enabled", "false"),
    number(load_balancer, "daruma.quota.rules", "100", limits::rules_quota),
    number(load_balancer, "daruma.quota.condition_values_per_rule", "5",
           limits::condition_values_quota),
    number(load_balancer, "daruma.quota.condition_wildcards_per_rule", "6",
           limits::condition_wildcards_quota),
    number(load_balancer, "daruma.quota.target_groups_per_action", "5",
           limits::action_target_groups_quota),
    number(load_balancer, "daruma.quota.listeners", "50", limits::listeners_quota),
    number(load_balancer, "daruma.quota.certificates_per_listener", "26",
           limits::certificates_quota),
    number(load_balancer, "daruma.quota.target_groups", "100", limits::target_groups_quota),
    elsewhere(load_balancer, "dns_record.client_routing_policy"),
    elsewhere(load_balancer, "secondary_ips.auto_assigned.per_subnet"),

    number(target_group, "deregistration_delay.timeout_seconds", "300",
           limits::deregistration_delay_seconds),
    {target_group,
     "load_balancing.algorithm.type",
     Kind::choice,
     "round_robin",
     {0, 0, 0},
     {"round_robin", "least_outstanding_requests", "weighted_random"}},
    flag(target_group, "stickiness.enabled", "false"),
    {target_group,
     "stickiness.type",
     Kind::choice,
     "lb_cookie",
     {0, 0, 0},
     {"lb_cookie", "app_cookie"}},
    number(target_group, "stickiness.lb_cookie.duration_seconds", "86400",
           limits::stickiness_seconds),
    text(target_group, "stickiness.app_cookie.cookie_name", check_app_cookie_name),
    number(target_group, "stickiness.app_cookie.duration_seconds", "86400",
           limits::stickiness_seconds),
    {target_group,
     "load_balancing.algorithm.anomaly_mitigation",
     Kind::choice,
     "off",
     {0, 0, 0},
     {"off", "on"}},
    {target_group,
     "load_balancing.cross_zone.enabled",
     Kind::choice,
     "use_load_balancer_configuration",
     {0, 0, 0},
     {"true", "false", "use_load_balancer_configuration"}},
    number_or(target_group, "slow_start.duration_seconds", "0", "0", limits::slow_start_seconds),
    number_or(target_group, "target_group_health.dns_failover.minimum_healthy_targets.count", "off",
              "1", limits::minimum_healthy_count),
    number_or(target_group, "target_group_health.dns_failover.minimum_healthy_targets.percentage",
              "off", "off", limits::minimum_healthy_percentage),
    number(target_group,
           "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1",
           limits::minimum_healthy_count),
    number_or(target_group,
              "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
              "off", "off", limits::minimum_healthy_percentage),
    flag(target_group, "daruma.target_tls.verify.enabled", "false"),
    text(target_group, "daruma.target_tls.ca_bundle.file", any_text),
    text(target_group, "daruma.target_tls.server_name", check_target_server_name),
    text(target_group, "daruma.target_tls.certificate", any_text),
    text(target_group, "daruma.health_check.body", check_health_check_body),
    flag(target_group, "daruma.saturation_guard.enabled", "true"),
    number(target_group, "daruma.saturation_guard.queue_timeout_milliseconds", "250",
           limits::saturation_queue_milliseconds),
    text(target_group, "daruma.target_status_path", check_target_status_path),
    number(target_group, "daruma.quota.targets", "1000", limits::targets_quota),
    fixed(target_group, "lambda.multi_value_headers.enabled", "false"),
    elsewhere(target_group, "deregistration_delay.connection_termination.enabled"),
    elsewhere(target_group, "preserve_client_ip.enabled"),
    elsewhere(target_group, "proxy_protocol_v2.enabled"),
    elsewhere(target_group, "target_failover.on_deregistration"),
    elsewhere(target_group, "target_failover.on_unhealthy"),
    elsewhere(target_group, "target_health_state.unhealthy.connection_termination.enabled"),
    elsewhere(target_group, "target_health_state.unhealthy.draining_interval_seconds"),

    flag(listener, "routing.http.response.server.enabled", "true"),
    text(listener, "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
         check_added_header_name),
    text(listener, "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name",
         check_added_header_name),
    text(listener, "routing.http.request.x_amzn_mtls_clientcert_subject.header_name",
         check_added_header_name),
    text(listener, "routing.http.request.x_amzn_mtls_clientcert_validity.header_name",
         check_added_header_name),
    text(listener, "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name",
         check_added_header_name),
    text(listener, "routing.http.request.x_amzn_mtls_clientcert.header_name",
         check_added_header_name),
    text(listener, "routing.http.request.x_amzn_tls_version.header_name", check_added_header_name),
    text(listener, "routing.http.request.x_amzn_tls_cipher_suite.header_name",
         check_added_header_name),
    text(listener, "routing.http.response.strict_transport_security.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.access_control_allow_origin.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.access_control_allow_methods.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.access_control_allow_headers.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.access_control_allow_credentials.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.access_control_expose_headers.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.access_control_max_age.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.content_security_policy.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.x_content_type_options.header_value",
         check_added_header_value),
    text(listener, "routing.http.response.x_frame_options.header_value", check_added_header_value),
    flag(listener, "daruma.forward.failover", "false"),
    elsewhere(listener, "tcp.idle_timeout.seconds"),
};

const Row* find(AttributeScope scope, std::string_view key) {
  const auto found = std::ranges::find_if(
      rows, [&](const Row& row) { return row.scope == scope && row.key == key; });
  return found == std::end(rows) ? nullptr : &*found;
}

std::string_view name_of(AttributeScope scope) {
  switch (scope) {
    case load_balancer:
      return "Load balancer";
    case target_group:
      return "Target group";
    case listener:
      return "Listener";
  }
  return "";
}

std::string unknown_key(AttributeScope scope, std::string_view key) {
  std::string message = fmt::format("{} attribute key '{}' is not recognized", name_of(scope), key);
  std::vector<std::string_view> keys;
  for (const Row& row : rows) {
    if (row.key == key) {
      return message + fmt::format("; it is a {} attribute", ascii_lowered(name_of(row.scope)));
    }
    if (row.scope == scope && row.kind != Kind::elsewhere) keys.push_back(row.key);
  }
  return message + did_you_mean(key, keys);
}

std::string not_in_this_release(const Row& row, std::string_view value) {
  if (!row.instead.empty()) return fmt::format("'{}': {}", row.key, row.instead);
  return fmt::format(
      "'{}' value '{}' is an ALB feature that this release does not have; it has only the default, "
      "'{}'",
      row.key, value, row.standard);
}

std::string shortened(std::string_view value) {
  constexpr size_t shown_max = 64;
  if (value.size() <= shown_max) return std::string(value);
  return std::string(value.substr(0, shown_max)) + "...";
}

// "" if the value is good.
std::string check_value(const Row& row, std::string_view value) {
  const std::span values(row.values.begin(), std::ranges::find(row.values, std::string_view()));
  switch (row.kind) {
    case Kind::flag:
      if (value == "true" || value == "false") return "";
      return fmt::format("'{}' value '{}' must be true or false", row.key, value);
    case Kind::number: {
      const auto n = parse_decimal(value);
      if (n && *n <= static_cast<uint64_t>(row.range.most) &&
          *n >= static_cast<uint64_t>(row.range.least)) {
        return "";
      }
      if (!values.empty() && value == values.front()) return "";
      return fmt::format("'{}' value '{}' must be {}between '{}-{}' inclusive", row.key, value,
                         values.empty() ? "" : fmt::format("'{}' or ", values.front()),
                         row.range.least, row.range.most);
    }
    case Kind::choice:
      if (std::ranges::find(values, value) != values.end()) return "";
      return fmt::format("'{}' value '{}' must be {}", row.key, value, one_of(values));
    case Kind::text: {
      const std::string problem = value.empty() ? "" : row.check(value);
      return problem.empty()
                 ? ""
                 : fmt::format("'{}' value '{}' {}", row.key, shortened(value), problem);
    }
    case Kind::fixed:
      if (value == row.standard || std::ranges::find(values, value) != values.end()) return "";
      return not_in_this_release(row, value);
    case Kind::elsewhere:
      break;
  }
  return "";
}

}  // namespace

std::optional<AttributeProblem> check_attribute(AttributeScope scope, std::string_view key,
                                                std::string_view value) {
  if (scope == listener && is_error_page_key(key)) return check_error_page(key, value);
  const Row* row = find(scope, key);
  if (row == nullptr) return AttributeProblem{true, unknown_key(scope, key)};
  if (row->kind == Kind::elsewhere) {
    return AttributeProblem{
        true,
        fmt::format("{} attribute key '{}' is not supported for load balancers with type "
                    "'application'",
                    name_of(scope), key),
        true};
  }
  std::string problem = check_value(*row, value);
  if (problem.empty()) return std::nullopt;
  return AttributeProblem{false, std::move(problem)};
}

std::vector<std::string_view> attribute_keys(AttributeScope scope) {
  std::vector<std::string_view> keys;
  for (const Row& row : rows) {
    if (row.scope == scope && row.kind != Kind::elsewhere) keys.push_back(row.key);
  }
  return keys;
}

std::string_view attribute_text(AttributeScope scope, const model::api::Attributes& attributes,
                                std::string_view key) {
  const auto given = attributes.find(std::string(key));
  if (given != attributes.end()) return given->second;
  const Row* row = find(scope, key);
  DARUMA_ASSERT(row != nullptr);
  return row->standard;
}

bool attribute_flag(AttributeScope scope, const model::api::Attributes& attributes,
                    std::string_view key) {
  return attribute_text(scope, attributes, key) == "true";
}

int64_t attribute_number(AttributeScope scope, const model::api::Attributes& attributes,
                         std::string_view key) {
  const auto number = parse_decimal(attribute_text(scope, attributes, key));
  DARUMA_ASSERT(number.has_value());
  return static_cast<int64_t>(*number);
}

}  // namespace daruma::control
