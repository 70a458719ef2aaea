// SPDX-License-Identifier: Apache-2.0
//
// The elbv2 shapes that go both ways, each described once: what its members are called and where
// they lie. A codec (api/query_reader, api/xml_writer, api/json_codec) reads or writes by it.
// Target groups are by name within, by ARN on the wire: `group` is that member. What AWS has not,
// an `own_flag` or `own_text`, never goes over the wire.
#pragma once

#include <concepts>
#include <type_traits>

#include "model/resources.h"

namespace daruma::api {

template <class T, class Shape>
concept Is = std::same_as<std::remove_const_t<T>, Shape>;

template <class V, Is<model::api::TargetDescription> T>
void describe(V& v, T& target) {
  v.text("Id", target.id);
  v.number("Port", target.port);
  v.text("AvailabilityZone", target.availability_zone);
  v.foreign("QuicServerId", "InvalidTarget");
  v.own_text("daruma.address", target.address);
}

template <class V, Is<model::api::TargetGroupTuple> T>
void describe(V& v, T& tuple) {
  v.group(tuple.target_group);
  v.number("Weight", tuple.weight);
}

template <class V, Is<model::api::RedirectConfig> T>
void describe(V& v, T& config) {
  v.text("Protocol", config.protocol);
  v.text("Port", config.port);
  v.text("Host", config.host);
  v.text("Path", config.path);
  v.text("Query", config.query);
  v.text("StatusCode", config.status_code);
}

template <class V, Is<model::api::FixedResponseConfig> T>
void describe(V& v, T& config) {
  v.text("MessageBody", config.message_body);
  v.text("StatusCode", config.status_code);
  v.text("ContentType", config.content_type);
}

template <class V, Is<model::api::TargetGroupStickinessConfig> T>
void describe(V& v, T& config) {
  v.flag("Enabled", config.enabled);
  v.number("DurationSeconds", config.duration_seconds);
}

template <class V, Is<model::api::Action> T>
void describe(V& v, T& action) {
  v.text("Type", action.type);
  v.group(action.target_group);
  v.number("Order", action.order);
  v.forward_config(action.forward_config, action.stickiness_config);
  v.object("RedirectConfig", action.redirect_config);
  v.object("FixedResponseConfig", action.fixed_response_config);
  v.foreign("AuthenticateOidcConfig", "InvalidLoadBalancerAction");
  v.foreign("AuthenticateCognitoConfig", "InvalidLoadBalancerAction");
  v.foreign("JwtValidationConfig", "InvalidLoadBalancerAction");
}

template <class V, Is<model::api::ConditionConfig> T>
void describe(V& v, T& config) {
  v.text("HttpHeaderName", config.http_header_name);
  v.texts("Values", config.values);
  v.texts("RegexValues", config.regex_values);
}

template <class V, Is<model::api::QueryStringKeyValuePair> T>
void describe(V& v, T& pair) {
  v.text("Key", pair.key);
  v.text("Value", pair.value);
}

template <class V, Is<model::api::RuleCondition> T>
void describe(V& v, T& condition) {
  v.text("Field", condition.field);
  v.texts("Values", condition.values);
  v.texts("RegexValues", condition.regex_values);
  v.object("HostHeaderConfig", condition.host_header_config);
  v.object("PathPatternConfig", condition.path_pattern_config);
  v.object("HttpHeaderConfig", condition.http_header_config);
  v.wrapped("QueryStringConfig", "Values", condition.query_string_config);
  v.object("HttpRequestMethodConfig", condition.http_request_method_config);
  v.object("SourceIpConfig", condition.source_ip_config);
  v.own_flag("daruma.negate", condition.negate);
}

template <class V, Is<model::api::RewriteConfig> T>
void describe(V& v, T& rewrite) {
  v.text("Regex", rewrite.regex);
  v.text("Replace", rewrite.replace);
}

template <class V, Is<model::api::RuleTransform> T>
void describe(V& v, T& transform) {
  v.text("Type", transform.type);
  v.wrapped("HostHeaderRewriteConfig", "Rewrites", transform.host_header_rewrite_config);
  v.wrapped("UrlRewriteConfig", "Rewrites", transform.url_rewrite_config);
}

// As the store and files have it, by name; on the wire it is by ARN (elbv2_listeners.cc).
template <class V, Is<model::api::MutualAuthentication> T>
void describe(V& v, T& mutual) {
  v.text("Mode", mutual.mode);
  v.text("TrustStore", mutual.trust_store);
  v.flag("IgnoreClientCertificateExpiry", mutual.ignore_client_certificate_expiry);
  v.text("AdvertiseTrustStoreCaNames", mutual.advertise_trust_store_ca_names);
}

// As the store has it; on the wire it is EC2's (api/ec2_permissions).
template <class V, Is<model::api::SecurityGroupRule> T>
void describe(V& v, T& rule) {
  v.text("Id", rule.identity.id);
  v.text("Protocol", rule.protocol);
  v.number("FromPort", rule.from_port);
  v.number("ToPort", rule.to_port);
  v.text("Peer", rule.peer);
  v.text("Description", rule.description);
  v.text("CreatedTime", rule.identity.created);
  v.map("Tags", rule.identity.tags);
}

// Health-check members, as CreateTargetGroup, ModifyTargetGroup and Describe have them.
template <class V, Is<model::api::TargetGroup> T>
void describe_health_check(V& v, T& group) {
  v.text("HealthCheckProtocol", group.health_check_protocol);
  v.text("HealthCheckPort", group.health_check_port);
  v.flag("HealthCheckEnabled", group.health_check_enabled);
  v.text("HealthCheckPath", group.health_check_path);
  v.number("HealthCheckIntervalSeconds", group.health_check_interval_seconds);
  v.number("HealthCheckTimeoutSeconds", group.health_check_timeout_seconds);
  v.number("HealthyThresholdCount", group.healthy_threshold_count);
  v.number("UnhealthyThresholdCount", group.unhealthy_threshold_count);
}

}  // namespace daruma::api
