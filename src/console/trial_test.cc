// SPDX-License-Identifier: Apache-2.0
#include "console/trial.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "control/declared.h"
#include "control/snapshot_compiler.h"

namespace daruma::console {
namespace {

constexpr const char* file = R"(
Node: {AvailabilityZone: zone-a}
TargetGroups:
  - {Name: blue, Protocol: HTTP, Port: 80, Targets: [{Id: 10.0.0.1}, {Id: 10.0.0.2}]}
  - {Name: green, Protocol: HTTP, Port: 80, Targets: [{Id: 10.0.0.3}]}
LoadBalancers:
  - Name: web
    Listeners:
      - Port: 80
        Protocol: HTTP
        DefaultActions:
          - Type: fixed-response
            FixedResponseConfig: {StatusCode: "404", ContentType: text/plain, MessageBody: gone}
        Rules:
          - Priority: 10
            Conditions:
              - {Field: path-pattern, Values: [/api/*]}
              - {Field: http-request-method, HttpRequestMethodConfig: {Values: [POST]}}
            Actions: [{Type: forward, TargetGroup: green}]
          - Priority: 20
            Conditions: [{Field: host-header, Values: [www.example.com]}]
            Actions: [{Type: redirect, RedirectConfig: {Protocol: HTTPS, StatusCode: HTTP_301}}]
          - Priority: 30
            Conditions:
              - Field: http-header
                HttpHeaderConfig: {HttpHeaderName: X-Beta, Values: ["1", "yes"]}
              - {Field: source-ip, SourceIpConfig: {Values: [192.0.2.0/24]}}
            Actions:
              - Type: forward
                ForwardConfig:
                  TargetGroups: [{TargetGroup: blue, Weight: 3}, {TargetGroup: green, Weight: 1}]
      - Port: 8080
        Protocol: HTTP
        DefaultActions: [{Type: forward, TargetGroup: blue}]
  - Name: other
    Listeners:
      - Port: 81
        Protocol: HTTP
        DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200"}}]
)";

struct TrialTest : testing::Test {
  TrialTest() {
    const control::Surroundings with{
        .read_file = [](const std::string&) -> Result<std::string> { return fail("none"); },
        .check_certificate = [](const tls::CertificateText&)
            -> Result<control::CheckedCertificate> { return fail("none"); },
        .check_ssl_policy = [](std::string_view) -> Result<void> { return {}; }};
    control::Declared declared = control::parse_declared(file, "d.yaml", with);
    EXPECT_FALSE(control::has_errors(declared.diagnostics)) << to_text(declared.diagnostics);
    resources = std::move(declared.resources);
    snapshot = control::compile_snapshot(resources, {}, 1);
  }
  nlohmann::json ask(const std::string& query) {
    const auto request = parse_trial(query);
    if (!request) return {{"error", request.error().message}};
    const auto answer = trial_json({*snapshot, resources, health_of}, *request);
    if (!answer) return {{"error", answer.error().message}};
    return nlohmann::json::parse(*answer);
  }

  model::api::Resources resources;
  model::SnapshotRef snapshot;
  std::map<std::string, model::HealthState> health;  // by address; healthy where none is given
  control::HealthOf health_of = [this](const model::TargetKey& key) {
    const auto known = health.find(key.id);
    return known == health.end() ? model::HealthState::healthy : known->second;
  };
};

TEST_F(TrialTest, finds_the_rule_and_says_why_not_the_others) {
  const auto answer = ask("url=http://example.com/api/x%3Fa%3D1&method=GET");
  EXPECT_EQ(answer["load_balancer"], "web");
  EXPECT_EQ(answer["listener"], 80);
  EXPECT_EQ(answer["host"], "example.com");
  EXPECT_EQ(answer["path"], "/api/x");
  EXPECT_EQ(answer["query"], "a=1");
  ASSERT_EQ(answer["rules"].size(), 4u);
  const auto& first = answer["rules"][0];
  EXPECT_EQ(first["priority"], 10);
  EXPECT_EQ(first["holds"], false);
  EXPECT_EQ(first["conditions"][0]["text"], "path-pattern is /api/*");
  EXPECT_EQ(first["conditions"][0]["holds"], true);
  EXPECT_EQ(first["conditions"][1]["text"], "http-request-method is POST");
  EXPECT_EQ(first["conditions"][1]["value"], "GET");
  EXPECT_EQ(first["conditions"][1]["holds"], false);
  EXPECT_EQ(answer["rules"][3]["holds"], true);
  EXPECT_EQ(answer["priority"], 0);
  EXPECT_EQ(answer["action"]["type"], "fixed-response");
  EXPECT_EQ(answer["action"]["status"], 404);
  EXPECT_EQ(answer["action"]["body"], "gone");
  EXPECT_EQ(answer["rule_arn"], answer["rules"][3]["arn"]);
  EXPECT_NE(answer["rule_arn"], "");
}

TEST_F(TrialTest, stops_at_the_rule_that_holds) {
  const auto answer = ask("url=http://example.com/api/x&method=POST");
  EXPECT_EQ(answer["priority"], 10);
  EXPECT_EQ(answer["rules"].size(), 1u);
  EXPECT_EQ(answer["action"]["target_groups"][0]["name"], "green");
  EXPECT_EQ(answer["action"]["target_groups"][0]["share"], 1.0);
}

TEST_F(TrialTest, tells_of_redirects) {
  const auto answer = ask("url=http://WWW.example.com./");
  EXPECT_EQ(answer["priority"], 20);
  EXPECT_EQ(answer["action"]["type"], "redirect");
  EXPECT_EQ(answer["action"]["status"], 301);
  EXPECT_EQ(answer["action"]["protocol"], "HTTPS");
}

TEST_F(TrialTest, looks_at_headers_and_source) {
  const std::string with_header = "url=http://example.com/&header=X-Beta:%20yes";
  EXPECT_EQ(ask(with_header)["priority"], 0);
  const auto answer = ask(with_header + "&source=192.0.2.7");
  EXPECT_EQ(answer["priority"], 30);
  const auto& conditions = answer["rules"][2]["conditions"];
  EXPECT_EQ(conditions[0]["text"], "http-header X-Beta is 1 or yes");
  EXPECT_EQ(conditions[0]["value"], "yes");
  EXPECT_EQ(conditions[1]["value"], "192.0.2.7");
  EXPECT_EQ(answer["action"]["target_groups"][0]["share"], 0.75);
  // A Host field is the host, wherever it stands.
  EXPECT_EQ(ask("header=Host:www.example.com&url=http://example.com/")["priority"], 20);
}

TEST_F(TrialTest, says_which_targets_and_why) {
  health["10.0.0.2"] = model::HealthState::unhealthy;
  const auto group = ask("url=http://h:8080/")["action"]["target_groups"][0];
  EXPECT_EQ(group["mode"], "healthy");
  EXPECT_EQ(group["targets"][0]["key"], "blue|10.0.0.1:80");
  EXPECT_EQ(group["targets"][0]["candidate"], true);
  EXPECT_EQ(group["targets"][1]["candidate"], false);
  EXPECT_EQ(group["targets"][1]["why"], "unhealthy");
  health["10.0.0.1"] = model::HealthState::unhealthy;
  const auto open = ask("url=http://h:8080/")["action"]["target_groups"][0];
  EXPECT_EQ(open["mode"], "fail_open");
  EXPECT_EQ(open["targets"][1]["candidate"], true);
  EXPECT_EQ(open["targets"][1]["why"], "unhealthy, but too few are healthy");
}

TEST_F(TrialTest, finds_the_listener) {
  EXPECT_EQ(ask("url=http://h:9999/&listener=81")["load_balancer"], "other");
  EXPECT_EQ(ask("url=https://h/&load_balancer=web&listener=8080")["listener"], 8080);
}

TEST_F(TrialTest, says_what_is_wrong) {
  struct Row {
    const char* query;
    const char* says;
  };
  const Row rows[] = {
      {"", "url is missing"},
      {"url=example.com", "must begin with http"},
      {"url=ftp://h/", "must begin with http"},
      {"url=http:///x", "is no URL"},
      {"url=http://h/a%20b", "is no URL"},
      {"url=http://h/&method=GET%20/", "is no method"},
      {"url=http://h/&method=A%0D%0AX:1", "control characters"},
      {"url=http://h/&header=X:1%0D%0AY:2", "control characters"},
      {"url=http://h/&header=nothing", "is no header"},
      {"url=http://h/&header=Content-Length:3", "has no body"},
      {"url=http://h/&header=transfer-encoding:chunked", "has no body"},
      {"url=http://h/&source=here", "is no IP address"},
      {"url=http://h/&listener=0", "is no port"},
      {"url=http://h/&what=1", "none of url, method"},
      {"url=http://h:9/", "no load balancer listens on port 9"},
      {"url=http://h:81/&load_balancer=web", "has no listener on port 81"},
  };
  for (const Row& row : rows) {
    const auto answer = ask(row.query);
    ASSERT_TRUE(answer.contains("error")) << row.query;
    EXPECT_NE(answer["error"].get<std::string>().find(row.says), std::string::npos)
        << row.query << ": " << answer["error"];
  }
}

}  // namespace
}  // namespace daruma::console
