// SPDX-License-Identifier: Apache-2.0
#include "control/attributes.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace daruma::control {
namespace {

using enum AttributeScope;

struct Case {
  AttributeScope scope;
  const char* key;
  const char* value;
  const char* message;  // "" if good
  bool at_key = false;
};

class AttributeCheck : public testing::TestWithParam<Case> {};
TEST_P(AttributeCheck, says) {
  const Case& c = GetParam();
  const auto problem = check_attribute(c.scope, c.key, c.value);
  EXPECT_EQ(problem ? problem->message : "", c.message);
  EXPECT_EQ(problem && problem->at_key, c.at_key);
}
INSTANTIATE_TEST_SUITE_P(
    Table, AttributeCheck,
    testing::Values(
        Case{load_balancer, "idle_timeout.timeout_seconds", "1", ""},
        Case{load_balancer, "idle_timeout.timeout_seconds", "4000", ""},
        Case{load_balancer, "idle_timeout.timeout_seconds", "0",
             "'idle_timeout.timeout_seconds' value '0' must be between '1-4000' inclusive"},
        Case{load_balancer, "idle_timeout.timeout_seconds", "4001",
             "'idle_timeout.timeout_seconds' value '4001' must be between '1-4000' inclusive"},
        Case{load_balancer, "daruma.request_body.minimum_bytes_per_second", "0", ""},
        Case{load_balancer, "daruma.request_body.minimum_bytes_per_second", "1000001",
             "'daruma.request_body.minimum_bytes_per_second' value '1000001' must be between "
             "'0-1000000' inclusive"},
        Case{load_balancer, "idle_timeout.timeout_seconds", "-1",
             "'idle_timeout.timeout_seconds' value '-1' must be between '1-4000' inclusive"},
        Case{load_balancer, "client_keep_alive.seconds", "59",
             "'client_keep_alive.seconds' value '59' must be between '60-604800' inclusive"},
        Case{load_balancer, "routing.http.xff_header_processing.mode", "preserve", ""},
        Case{load_balancer, "routing.http.xff_header_processing.mode", "",
             "'routing.http.xff_header_processing.mode' value '' must be append, preserve or "
             "remove"},
        Case{load_balancer, "routing.http2.enabled", "true", ""},
        Case{load_balancer, "routing.http2.enabled", "false", ""},
        Case{load_balancer, "waf.fail_open.enabled", "false", ""},
        Case{load_balancer, "waf.fail_open.enabled", "true",
             "'waf.fail_open.enabled' value 'true' is an ALB feature that this release does not "
             "have; it has only the default, 'false'"},
        Case{load_balancer, "access_logs.s3.bucket", "", ""},
        Case{load_balancer, "access_logs.s3.prefix", "AWSLogs",
             "'access_logs.s3.prefix' value 'AWSLogs' must not contain AWSLogs, which is what "
             "follows a prefix"},
        Case{load_balancer, "stickiness.enabled", "false",
             "Load balancer attribute key 'stickiness.enabled' is not recognized; it is a target "
             "group attribute",
             true},
        Case{load_balancer, "", "",  //
             "Load balancer attribute key '' is not recognized", true},
        Case{target_group, "daruma.saturation_guard.enabled", "off",
             "'daruma.saturation_guard.enabled' value 'off' must be true or false"},
        Case{target_group, "daruma.saturation_guard.queue_timeout_milliseconds", "5",
             "'daruma.saturation_guard.queue_timeout_milliseconds' value '5' must be between "
             "'10-10000' inclusive"},
        Case{target_group, "daruma.target_status_path", "/server-status", ""},
        Case{target_group, "daruma.target_status_path", "", ""},
        Case{target_group, "daruma.target_status_path", "server-status",
             "'daruma.target_status_path' value 'server-status' must be a path such as "
             "/server-status: it begins with '/' and has visible ASCII without '?' and '#'; ?auto "
             "is added"},
        Case{target_group, "daruma.target_status_path", "/server-status?auto",
             "'daruma.target_status_path' value '/server-status?auto' must be a path such as "
             "/server-status: it begins with '/' and has visible ASCII without '?' and '#'; ?auto "
             "is added"},
        Case{target_group, "stickiness.app_cookie.cookie_name", "", ""},
        Case{target_group, "load_balancing.cross_zone.enabled", "true", ""},
        Case{target_group, "load_balancing.cross_zone.enabled", "use_load_balancer_configuration",
             ""},
        Case{target_group, "preserve_client_ip.enabled", "true",
             "Target group attribute key 'preserve_client_ip.enabled' is not supported for load "
             "balancers with type 'application'",
             true},
        Case{load_balancer, "daruma.quota.rules", "10000", ""},
        Case{load_balancer, "daruma.quota.rules", "0",
             "'daruma.quota.rules' value '0' must be between '1-100000' inclusive"},
        Case{listener, "daruma.error_page.503.text", "soon", ""},
        Case{listener, "daruma.error_page.4xx.file", "e.html", ""},
        Case{listener, "daruma.error_page.503.file", "",
             "'daruma.error_page.503.file' needs the path of a file"},
        Case{load_balancer, "daruma.error_page.503.text", "soon",
             "Load balancer attribute key 'daruma.error_page.503.text' is not recognized", true},
        Case{listener, "routing.http.response.server.enabled", "false", ""},
        Case{listener, "routing.http.response.x_frame_options.header_value", "", ""},
        Case{listener, "routing.http.response.server.enable", "false",
             "Listener attribute key 'routing.http.response.server.enable' is not recognized; did "
             "you mean routing.http.response.server.enabled?",
             true}));

// What AWS documents of each key (elbv2 LoadBalancerAttribute, TargetGroupAttribute,
// ListenerAttribute): its default, values it takes, and values that it does not.
struct KeyRow {
  AttributeScope scope;
  std::string_view key;
  std::string_view standard;
  std::vector<std::string_view> good;
  std::vector<std::string_view> bad;
};

const std::vector<std::string_view> flags = {"true", "false"};
const std::vector<std::string_view> no_flags = {"", "True", "1", "yes", "on"};

std::vector<KeyRow> rows_of_load_balancers() {
  const std::string_view long_number = "99999999999999999999";
  return {
      {load_balancer, "access_logs.s3.enabled", "false", flags, no_flags},
      {load_balancer, "access_logs.s3.bucket", "", {"", "logs"}, {}},
      {load_balancer,
       "access_logs.s3.prefix",
       "",
       {"", "p", "a/b"},
       {"AWSLogs", "/p", "p/", "a//b", "../a"}},
      {load_balancer, "connection_logs.s3.enabled", "false", flags, no_flags},
      {load_balancer, "connection_logs.s3.bucket", "", {"", "logs"}, {}},
      {load_balancer,
       "connection_logs.s3.prefix",
       "",
       {"", "p", "a/b"},
       {"AWSLogs", "/p", "p/", "a//b", "../a"}},
      {load_balancer, "health_check_logs.s3.enabled", "false", flags, no_flags},
      {load_balancer, "health_check_logs.s3.bucket", "", {"", "logs"}, {}},
      {load_balancer,
       "health_check_logs.s3.prefix",
       "",
       {"", "p", "a/b"},
       {"AWSLogs", "/p", "p/", "a//b", "../a"}},
      {load_balancer,
       "client_keep_alive.seconds",
       "3600",
       {"60", "604800"},
       {"59", "604801", "", "1h", "60.5", "-60", long_number}},
      {load_balancer, "deletion_protection.enabled", "false", flags, no_flags},
      {load_balancer,
       "idle_timeout.timeout_seconds",
       "60",
       {"1", "4000"},
       {"0", "4001", "", "60s", "+60", "0x3c", long_number}},
      {load_balancer, "ipv6.deny_all_igw_traffic", "false", {"false"}, {"true"}},
      {load_balancer, "load_balancing.cross_zone.enabled", "true", {"true"}, {"false", ""}},
      {load_balancer,
       "routing.http.desync_mitigation_mode",
       "defensive",
       {"monitor", "defensive", "strictest"},
       {"", "Defensive", "off"}},
      {load_balancer, "routing.http.drop_invalid_header_fields.enabled", "false", flags, no_flags},
      {load_balancer, "routing.http.preserve_host_header.enabled", "false", flags, no_flags},
      {load_balancer, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", flags,
       no_flags},
      {load_balancer, "routing.http.xff_client_port.enabled", "false", flags, no_flags},
      {load_balancer,
       "routing.http.xff_header_processing.mode",
       "append",
       {"append", "preserve", "remove"},
       {"", "Append", "replace"}},
      {load_balancer, "routing.http2.enabled", "true", flags, no_flags},
      {load_balancer, "waf.fail_open.enabled", "false", {"false"}, {"true"}},
      {load_balancer, "zonal_shift.config.enabled", "false", flags, no_flags},
  };
}

std::vector<KeyRow> rows_of_target_groups() {
  const std::vector<std::string_view> seconds = {"1", "604800"};
  const std::vector<std::string_view> no_seconds = {"0", "604801", "", "1d", "-1"};
  return {
      {target_group,
       "deregistration_delay.timeout_seconds",
       "300",
       {"0", "3600"},
       {"3601", "-1", "", "5m"}},
      {target_group, "stickiness.enabled", "false", flags, no_flags},
      {target_group,
       "stickiness.type",
       "lb_cookie",
       {"lb_cookie", "app_cookie"},
       {"", "source_ip", "LB_COOKIE"}},
      {target_group, "stickiness.lb_cookie.duration_seconds", "86400", seconds, no_seconds},
      {target_group,
       "stickiness.app_cookie.cookie_name",
       "",
       {"", "JSESSIONID"},
       {"AWSALB", "AWSALBAPP", "AWSALBTG", "AWSALBCORS", "a b", "a=b", "a;b"}},
      {target_group, "stickiness.app_cookie.duration_seconds", "86400", seconds, no_seconds},
      {target_group,
       "load_balancing.algorithm.type",
       "round_robin",
       {"round_robin", "least_outstanding_requests", "weighted_random"},
       {"", "random", "ROUND_ROBIN"}},
      {target_group,
       "load_balancing.algorithm.anomaly_mitigation",
       "off",
       {"on", "off"},
       {"", "true", "On"}},
      {target_group,
       "load_balancing.cross_zone.enabled",
       "use_load_balancer_configuration",
       {"true", "false", "use_load_balancer_configuration"},
       {"", "on"}},
      {target_group,
       "slow_start.duration_seconds",
       "0",
       {"0", "30", "900"},
       {"1", "29", "901", "", "-30"}},
      {target_group,
       "target_group_health.dns_failover.minimum_healthy_targets.count",
       "1",
       {"off", "1", "10000"},
       {"0", "", "10001", "Off"}},
      {target_group,
       "target_group_health.dns_failover.minimum_healthy_targets.percentage",
       "off",
       {"off", "1", "100"},
       {"0", "101", "", "50%"}},
      {target_group,
       "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
       "1",
       {"1", "10000"},
       {"0", "off", "", "10001"}},
      {target_group,
       "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
       "off",
       {"off", "1", "100"},
       {"0", "101", "", "50%"}},
      {target_group, "lambda.multi_value_headers.enabled", "false", {"false"}, {"true"}},
  };
}

std::vector<KeyRow> rows_of_listeners() {
  std::vector<KeyRow> all = {
      {listener, "routing.http.response.server.enabled", "true", flags, no_flags},
      {listener,
       "routing.http.request.x_amzn_tls_version.header_name",
       "",
       {"", "X-Tls"},
       {"a b", "a:b", "X-Forwarded-For"}},
      {listener,
       "routing.http.request.x_amzn_tls_cipher_suite.header_name",
       "",
       {"", "X-Cipher"},
       {"a b", "a:b", "Host"}},
  };
  for (const std::string_view key :
       {"routing.http.request.x_amzn_mtls_clientcert.header_name",
        "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
        "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name",
        "routing.http.request.x_amzn_mtls_clientcert_subject.header_name",
        "routing.http.request.x_amzn_mtls_clientcert_validity.header_name",
        "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name"})
    all.push_back(
        {listener, key, "", {"", "X-Cert", "x-amzn-mtls-clientcert-leaf"}, {"a b", "a:b", "Host"}});
  for (const std::string_view key :
       {"routing.http.response.strict_transport_security.header_value",
        "routing.http.response.access_control_allow_origin.header_value",
        "routing.http.response.access_control_allow_methods.header_value",
        "routing.http.response.access_control_allow_headers.header_value",
        "routing.http.response.access_control_allow_credentials.header_value",
        "routing.http.response.access_control_expose_headers.header_value",
        "routing.http.response.access_control_max_age.header_value",
        "routing.http.response.content_security_policy.header_value",
        "routing.http.response.x_content_type_options.header_value",
        "routing.http.response.x_frame_options.header_value"}) {
    all.push_back({listener,
                   key,
                   "",
                   {"", "max-age=31536000; includeSubDomains", "_ :;.,\\/'?!(){}[]@<>=-+*#&`|~^%"},
                   {"\"quoted\"", "a\r\nb", "\xc3\xbc", "$"}});
  }
  return all;
}

std::vector<KeyRow> all_rows() {
  std::vector<KeyRow> all = rows_of_load_balancers();
  for (auto* more : {rows_of_target_groups, rows_of_listeners}) {
    for (KeyRow& row : more()) all.push_back(std::move(row));
  }
  return all;
}

TEST(Attributes, every_key_of_alb_has_its_default_and_takes_its_values) {
  size_t bad = 0;
  for (const KeyRow& row : all_rows()) {
    EXPECT_EQ(attribute_text(row.scope, {}, row.key), row.standard) << row.key;
    EXPECT_FALSE(check_attribute(row.scope, row.key, row.standard)) << row.key;
    for (const std::string_view value : row.good)
      EXPECT_FALSE(check_attribute(row.scope, row.key, value)) << row.key << " " << value;
    for (const std::string_view value : row.bad) {
      const auto problem = check_attribute(row.scope, row.key, value);
      EXPECT_TRUE(problem && problem->message.find(row.key) != std::string::npos)
          << row.key << " " << value;
    }
    bad += row.bad.size();
  }
  EXPECT_GE(bad, 60u);
}

TEST(Attributes, no_key_is_without_a_row) {
  std::set<std::pair<AttributeScope, std::string_view>> rows;
  for (const KeyRow& row : all_rows()) rows.emplace(row.scope, row.key);
  for (const AttributeScope scope : {load_balancer, target_group, listener}) {
    for (const std::string_view key : attribute_keys(scope))
      EXPECT_TRUE(key.starts_with("daruma.") || rows.contains({scope, key})) << key;
  }
}

TEST(Attributes, of_other_load_balancers_are_refused_by_name) {
  const std::pair<AttributeScope, std::string_view> keys[] = {
      {load_balancer, "dns_record.client_routing_policy"},
      {load_balancer, "secondary_ips.auto_assigned.per_subnet"},
      {target_group, "deregistration_delay.connection_termination.enabled"},
      {target_group, "preserve_client_ip.enabled"},
      {target_group, "proxy_protocol_v2.enabled"},
      {target_group, "target_failover.on_deregistration"},
      {target_group, "target_failover.on_unhealthy"},
      {target_group, "target_health_state.unhealthy.connection_termination.enabled"},
      {target_group, "target_health_state.unhealthy.draining_interval_seconds"},
      {listener, "tcp.idle_timeout.seconds"},
  };
  for (const auto& [scope, key] : keys) {
    const auto problem = check_attribute(scope, key, "true");
    EXPECT_TRUE(problem && problem->of_other_types && problem->at_key) << key;
  }
}

TEST(Attributes, default_to_what_alb_defaults_to) {
  const model::api::Attributes none;
  EXPECT_EQ(attribute_number(load_balancer, none, "idle_timeout.timeout_seconds"), 60);
  EXPECT_EQ(attribute_number(load_balancer, none, "client_keep_alive.seconds"), 3600);
  EXPECT_EQ(attribute_number(target_group, none, "deregistration_delay.timeout_seconds"), 300);
  EXPECT_EQ(attribute_text(load_balancer, none, "routing.http.desync_mitigation_mode"),
            "defensive");
  EXPECT_FALSE(attribute_flag(load_balancer, none, "access_logs.s3.enabled"));
  EXPECT_TRUE(attribute_flag(listener, none, "routing.http.response.server.enabled"));
  EXPECT_TRUE(attribute_flag(load_balancer, {{"access_logs.s3.enabled", "true"}},
                             "access_logs.s3.enabled"));
}

}  // namespace
}  // namespace daruma::control
