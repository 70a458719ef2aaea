// SPDX-License-Identifier: Apache-2.0
#include "control/attributes.h"

#include <gtest/gtest.h>

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
        Case{load_balancer, "access_logs.s3.prefix", "p",
             "'access_logs.s3.prefix': logs are files in Logs.Directory, not objects in S3: remove "
             "it"},
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
