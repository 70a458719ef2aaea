// SPDX-License-Identifier: Apache-2.0
#include "app/alb_checks.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace daruma::app {
namespace {

using Json = nlohmann::ordered_json;
using Status = AlbVerdict::Status;

Json page(const char* metrics, const char* certificates = "[]", const char* problems = "[]") {
  return {{"Now", 1'000'000},
          {"Time", 999'960},
          {"IntervalSeconds", 60},
          {"LoadBalancers", Json::array({{{"Name", "web"}, {"Metrics", Json::parse(metrics)}}})},
          {"Certificates", Json::parse(certificates)},
          {"ConfigurationProblems", Json::parse(problems)}};
}

struct Case {
  Json page;
  Status status;
  const char* text;
};

TEST(CheckAlb, judges_targets_errors_certificates_and_configuration) {
  const Case cases[] = {
      {page(R"({"alb.request.count": 5, "alb.host_count.shop.healthy": 2})"), Status::ok,
       "5 requests in the last 60 s"},
      {page(R"({"alb.host_count.shop.healthy": 3, "alb.host_count.shop.unhealthy": 1})"),
       Status::warning, "1 of 4 targets of shop unhealthy"},
      {page(R"({"alb.host_count.shop.healthy": 2, "alb.host_count.shop.unhealthy": 2})"),
       Status::critical, "2 of 4 targets of shop unhealthy"},
      {page(R"({"alb.httpcode_count.alb_5xx": 1, "alb.httpcode_count.target_2xx": 999})"),
       Status::ok, "0 requests in the last 60 s"},
      {page(R"({"alb.httpcode_count.alb_5xx": 2, "alb.httpcode_count.target_2xx": 98})"),
       Status::warning, "web: 2.0 % of answers are 5xx of the balancer's own (2 of 100)"},
      {page(R"({"alb.httpcode_count.alb_5xx": 5, "alb.httpcode_count.target_2xx": 95})"),
       Status::critical, "web: 5.0 % of answers are 5xx of the balancer's own (5 of 100)"},
      // An error of the targets' is theirs.
      {page(R"({"alb.httpcode_count.target_5xx": 100})"), Status::ok,
       "0 requests in the last 60 s"},
      {page("{}", R"([{"Name": "site", "NotAfter": 2728000}])"), Status::warning,
       "certificate site ends in 20 days"},
      {page("{}", R"([{"Name": "site", "NotAfter": 1518400}])"), Status::critical,
       "certificate site ends in 6 days"},
      {page("{}", R"([{"Name": "site", "NotAfter": 999999}])"), Status::critical,
       "certificate site has expired"},
      {page("{}", "[]", R"(["port 80 is taken"])"), Status::warning, "port 80 is taken"},
  };
  for (const Case& each : cases) {
    const AlbVerdict verdict = check_alb(each.page, "", {});
    EXPECT_EQ(name_of(verdict.status), name_of(each.status)) << each.page;
    EXPECT_EQ(verdict.text, each.text);
  }
}

TEST(CheckAlb, knows_nothing_of_a_load_balancer_without_figures) {
  EXPECT_EQ(check_alb(page("{}"), "other", {}).status, Status::unknown);
}

}  // namespace
}  // namespace daruma::app
