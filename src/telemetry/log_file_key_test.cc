// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_file_key.h"

#include <gtest/gtest.h>

#include <regex>

namespace daruma::telemetry {
namespace {

constexpr WallTime end = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + 12h + 5min;

model::LoadBalancer balancer() {
  model::LoadBalancer balancer;
  balancer.resource_id = "app/web/50dc6c495c0c9188";
  balancer.access_log_place = {"logs", "a/b"};
  balancer.connection_log_place = {"logs", ""};
  balancer.health_check_log_place = {"", "unused"};
  return balancer;
}

TEST(LogFileKey, is_the_load_balancers_and_its_places) {
  EXPECT_EQ(log_file_key(LogKind::access, balancer()),
            (LogFileKey{"access_log_app.web.50dc6c495c0c9188", "logs", "a/b"}));
  EXPECT_EQ(log_file_key(LogKind::connection, balancer()),
            (LogFileKey{"conn_log_app.web.50dc6c495c0c9188", "logs", ""}));
  EXPECT_EQ(log_file_key(LogKind::health_check, balancer()),
            (LogFileKey{"health_check_log_app.web.50dc6c495c0c9188", "", ""}));
}

TEST(LogFileKey, knows_its_kind) {
  EXPECT_EQ(log_kind_of("access_log_app.web.5"), LogKind::access);
  EXPECT_EQ(log_kind_of("conn_log_app.web.5.log"), LogKind::connection);
  EXPECT_EQ(log_kind_of("health_check_log_app.web.5"), LogKind::health_check);
  EXPECT_EQ(log_kind_of("access_log.txt"), std::nullopt);
}

// The patterns are those of AWS's user guide.
TEST(LogFileKey, names_objects_as_aws_does) {
  const LogOrigin origin{.node_ip = "172.160.1.192"};
  const std::string access =
      log_object_key(log_file_key(LogKind::access, balancer()), origin, end, 1);
  EXPECT_TRUE(std::regex_match(
      access, std::regex("a/b/AWSLogs/000000000000/elasticloadbalancing/us-east-1/2026/10/03/"
                         "000000000000_elasticloadbalancing_us-east-1_app\\.web\\."
                         "50dc6c495c0c9188_20261003T1205Z_172\\.160\\.1\\.192_[0-9a-z]{8}\\.log")))
      << access;
  const std::string connection =
      log_object_key(log_file_key(LogKind::connection, balancer()), origin, end, 1);
  EXPECT_TRUE(connection.starts_with("AWSLogs/")) << connection;
  EXPECT_NE(connection.find("/03/conn_log_000000000000_elasticloadbalancing_us-east-1_app.web."),
            std::string::npos)
      << connection;
  EXPECT_NE(access, log_object_key(log_file_key(LogKind::access, balancer()), origin, end, 2));
}

}  // namespace
}  // namespace daruma::telemetry
