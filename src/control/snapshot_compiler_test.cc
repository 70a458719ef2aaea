// SPDX-License-Identifier: Apache-2.0
#include "control/snapshot_compiler.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "control/declared.h"
#include "routing/rule_table.h"
#include "routing/transforms.h"

namespace daruma::control {
namespace {

model::api::Resources declared(const std::string& text) {
  const Surroundings with{
      .read_file = [](const std::string& path) -> Result<std::string> { return "text of " + path; },
      .check_certificate = [](const tls::CertificateText&) -> Result<CheckedCertificate> {
        return CheckedCertificate{"f00", ""};
      },
      .check_ssl_policy = [](std::string_view) -> Result<void> { return {}; }};
  Declared parsed = parse_declared(text, "d.yaml", with);
  EXPECT_FALSE(has_errors(parsed.diagnostics)) << to_text(parsed.diagnostics);
  return std::move(parsed.resources);
}

model::api::Resources test_data(const std::string& name) {
  std::ifstream stream(DARUMA_SOURCE_DIR "/src/control/testdata/good/" + name);
  std::ostringstream text;
  text << stream.rdbuf();
  return declared(text.str());
}

TEST(SnapshotCompiler, compiles_the_quick_start) {
  const model::SnapshotRef snapshot = compile_snapshot(test_data("01-issue.yaml"), {}, 7);
  EXPECT_EQ(snapshot->revision, 7u);
  EXPECT_EQ(snapshot->node.addresses, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(snapshot->node.zone, "zone-a");

  ASSERT_EQ(snapshot->target_groups.size(), 1u);
  const model::TargetGroup& group = snapshot->target_groups[0];
  EXPECT_TRUE(group.in_use);
  EXPECT_EQ(group.protocol, model::Protocol::https);
  EXPECT_EQ(group.deregistration_delay, 30s);
  EXPECT_EQ(group.health_check.protocol, model::Protocol::https) << "the group's, if none is given";
  EXPECT_EQ(group.health_check.port, std::nullopt);
  EXPECT_EQ(group.health_check.path, "/health");
  EXPECT_EQ(group.health_check.interval, 5s);
  EXPECT_EQ(group.health_check.timeout, 2s);
  EXPECT_TRUE(group.health_check.matcher.matches(299));
  ASSERT_EQ(group.targets.size(), 2u);
  EXPECT_EQ(group.targets[1].key, (model::TargetKey{"apache", "127.0.0.3", 8443}));
  EXPECT_EQ(group.targets[1].zone, "zone-c");
  ASSERT_EQ(group.targets[1].addresses.size(), 1u);
  EXPECT_EQ(group.targets[1].addresses[0].to_string(), "127.0.0.3:8443");

  ASSERT_EQ(snapshot->load_balancers.size(), 1u);
  const model::LoadBalancer& balancer = snapshot->load_balancers[0];
  EXPECT_EQ(balancer.dns_name, "web.daruma.internal");
  EXPECT_EQ(balancer.idle_timeout, 60s);
  EXPECT_EQ(balancer.client_keep_alive, 3600s);
  EXPECT_EQ(balancer.request_body_bytes_per_second_min, 500u);
  EXPECT_TRUE(balancer.access_log);
  ASSERT_EQ(balancer.listeners.size(), 2u);

  const model::Listener& http = balancer.listeners[0];
  EXPECT_EQ(http.ssl_policy, "");
  EXPECT_TRUE(http.server_header);
  ASSERT_EQ(http.rules.size(), 1u);
  EXPECT_EQ(http.rules[0].priority, 0);
  model::RedirectAction redirect;
  redirect.protocol = "HTTPS";
  redirect.port = "8443";
  redirect.status = 301;
  EXPECT_EQ(http.rules[0].action, model::Action(redirect));

  const model::Listener& https = balancer.listeners[1];
  EXPECT_EQ(https.ssl_policy, "ELBSecurityPolicy-TLS13-1-2-2021-06");
  EXPECT_EQ(https.certificates, std::vector<uint32_t>{0});
  ASSERT_EQ(https.rules.size(), 3u);
  EXPECT_EQ(https.rules[0].action,
            model::Action(model::FixedResponseAction{503, "text/plain", "soon"}));
  const model::ForwardAction forward{{{0, 1}}, 1};
  EXPECT_EQ(https.rules[1].action, model::Action(forward));
  EXPECT_EQ(https.rules[2].action, model::Action(forward));
  ASSERT_NE(https.table, nullptr);
  EXPECT_EQ(https.table->match({.host = "a.example.com", .path = "/"}), 1u);
  EXPECT_EQ(https.table->match({.host = "other", .path = "/"}), 2u);
}

// AWS: CreateTargetGroup; those of gRPC have a path and a code of their own.
TEST(SnapshotCompiler, health_checks_default_to_what_alb_has) {
  const auto group = [](const std::string& members) {
    return compile_snapshot(declared("TargetGroups: [{Name: a, Protocol: HTTP, Port: 80" + members +
                                     ", Targets: [{Id: 192.0.2.1}]}]\n"),
                            {}, 1)
        ->target_groups.at(0)
        .health_check;
  };
  const model::HealthCheck http = group("");
  EXPECT_EQ(http.protocol, model::Protocol::http);
  EXPECT_EQ(http.port, std::nullopt) << "traffic-port";
  EXPECT_EQ(http.path, "/");
  EXPECT_EQ(http.interval, 30s);
  EXPECT_EQ(http.timeout, 5s);
  EXPECT_EQ(http.healthy_threshold, 5);
  EXPECT_EQ(http.unhealthy_threshold, 2);
  EXPECT_EQ(http.matcher.text(), "200");
  const model::HealthCheck grpc = group(", ProtocolVersion: GRPC");
  EXPECT_EQ(grpc.path, "/AWS.ALB/healthcheck");
  EXPECT_EQ(grpc.matcher.text(), "12");
}

TEST(SnapshotCompiler, compiles_every_member) {
  const NameTable names{{"app.internal.example",
                         {*Address::parse("192.0.2.77", 0), *Address::parse("2001:db8::77", 0)}}};
  const model::SnapshotRef snapshot = compile_snapshot(test_data("02-everything.yaml"), names, 1);
  const model::TargetGroup& blue = snapshot->target_groups[0];
  EXPECT_EQ(blue.health_check.port, 8081);
  EXPECT_EQ(blue.health_check.healthy_threshold, 3);
  EXPECT_EQ(blue.health_check.unhealthy_threshold, 4);
  EXPECT_EQ(blue.deregistration_delay, 0s);
  EXPECT_EQ(blue.stickiness.type, model::StickinessType::lb_cookie);
  EXPECT_EQ(blue.stickiness.duration, 604800s);
  ASSERT_EQ(blue.stickiness.places.size(), blue.targets.size());
  for (const model::StickyPlace& place : blue.stickiness.places)
    EXPECT_EQ(blue.stickiness.find(place.id), place.target);
  EXPECT_EQ(blue.targets[0].key.port, 80) << "the group's, if none is given";
  EXPECT_EQ(blue.targets[1].addresses[0].to_string(), "[2001:db8::1]:8080");
  ASSERT_EQ(blue.targets[2].addresses.size(), 2u);
  EXPECT_EQ(blue.targets[2].addresses[0].to_string(), "192.0.2.77:8080");
  EXPECT_EQ(blue.targets[2].addresses[1].to_string(), "[2001:db8::77]:8080");
  EXPECT_TRUE(snapshot->target_groups[1].in_use);
  EXPECT_FALSE(snapshot->target_groups[2].in_use);

  const model::LoadBalancer& main = snapshot->load_balancers[0];
  EXPECT_EQ(main.idle_timeout, 4000s);
  EXPECT_EQ(main.client_keep_alive, 60s);
  EXPECT_EQ(main.request_body_bytes_per_second_min, 2000u);
  EXPECT_EQ(main.desync, model::DesyncMitigation::strictest);
  EXPECT_EQ(main.xff, model::XffProcessing::preserve);
  EXPECT_TRUE(main.xff_client_port);
  EXPECT_TRUE(main.preserve_host_header);
  EXPECT_TRUE(main.drop_invalid_header_fields);
  EXPECT_TRUE(main.tls_version_and_cipher_headers);
  EXPECT_TRUE(main.access_log);
  EXPECT_TRUE(main.health_check_log);

  const model::Listener& listener = main.listeners[0];
  EXPECT_FALSE(listener.server_header);
  EXPECT_EQ(listener.ssl_policy, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06");
  ASSERT_EQ(listener.rules.size(), 4u);
  EXPECT_EQ(listener.rules[0].priority, 1) << "in order of priority";
  EXPECT_EQ(listener.rules[1].priority, 2);
  EXPECT_EQ(listener.rules[2].priority, 50000);
  EXPECT_EQ(listener.rules[2].conditions[0],
            model::Condition(model::HostHeaderCondition{{"api.example.com", "*.example.com"}}));
  EXPECT_EQ(listener.rules[2].conditions[1],
            model::Condition(model::PathPatternCondition{{"/v?/*"}}));
  EXPECT_EQ(listener.rules[3].action,
            model::Action(model::ForwardAction{{{0, 999}, {1, 0}}, 999, 1s}));
  const auto& redirect = std::get<model::RedirectAction>(listener.rules[0].action);
  EXPECT_EQ(redirect.path, "/new/#{path}");
  EXPECT_EQ(redirect.query, "#{query}&from=#{host}:#{port}");
  EXPECT_EQ(redirect.status, 302);
}

TEST(SnapshotCompiler, compiles_every_condition) {
  const auto range = [](std::string_view text) { return CidrRange::parse(text).value(); };
  const model::SnapshotRef snapshot = compile_snapshot(test_data("04-rules.yaml"), {}, 1);
  const std::vector<model::Rule>& rules = snapshot->load_balancers[0].listeners[0].rules;
  const std::vector<std::vector<model::Condition>> expected = {
      {model::HttpRequestMethodCondition{{"GET", "M-SEARCH", "MY_VERB"}},
       model::HostHeaderCondition{{}, {"^(www|shop)\\.example\\.com(:8443)?$"}},
       {model::PathPatternCondition{{}, {"^/v[0-9]+/"}}, true}},
      {model::HttpHeaderCondition{"User-Agent", {"*Chrome*", "*Safari*"}},
       model::HttpHeaderCondition{"X-Canary", {}, {"^(yes|1)$"}},
       model::QueryStringCondition{{{"version", "v1"}}},
       model::QueryStringCondition{{{std::nullopt, "\\*example?*"}}}},
      {model::SourceIpCondition{{range("192.0.2.0/24"), range("2001:db8::/32")}},
       {model::SourceIpCondition{{range("192.0.2.7/32")}}, true}},
      {},
  };
  ASSERT_EQ(rules.size(), expected.size());
  for (size_t i = 0; i < rules.size(); ++i) EXPECT_EQ(rules[i].conditions, expected[i]) << i;
}

TEST(SnapshotCompiler, compiles_transforms) {
  const model::SnapshotRef snapshot = compile_snapshot(test_data("04-rules.yaml"), {}, 1);
  const std::vector<model::Rule>& rules = snapshot->load_balancers[0].listeners[0].rules;
  ASSERT_TRUE(rules[0].transforms);
  routing::Transforms::Rewritten result;
  EXPECT_EQ(rules[0].transforms->apply("MYWEBSITE-a.com", "/dp/B09", result),
            routing::TransformStatus::success);
  EXPECT_EQ(result.host, "internal.dev.a.myweb.com");
  EXPECT_EQ(result.url, "/product.php?id=B09");
  EXPECT_FALSE(rules.back().transforms);
}

TEST(SnapshotCompiler, compiles_what_a_listener_has_beyond_an_alb) {
  const model::SnapshotRef snapshot = compile_snapshot(test_data("05-listener.yaml"), {}, 1);
  const model::Listener& listener = snapshot->load_balancers[0].listeners[0];
  EXPECT_TRUE(listener.forward_failover);
  const std::vector<model::ErrorPage> expected = {
      {503, "text/html", "text of pages/busy.html"},
      {5, "application/json",
       "{\"status\":#{status},\"reason\":\"#{reason}\",\"trace_id\":\"#{trace_id}\"}"}};
  EXPECT_EQ(listener.error_pages, expected);
  const model::SnapshotRef plain = compile_snapshot(test_data("01-issue.yaml"), {}, 1);
  EXPECT_FALSE(plain->load_balancers[0].listeners[0].forward_failover);
  EXPECT_TRUE(plain->load_balancers[0].listeners[0].error_pages.empty());
}

TEST(SnapshotCompiler, names_stay_the_same) {
  // These ids are in dashboards and log file names: a change of the hash is a change for users.
  const model::SnapshotRef snapshot = compile_snapshot(test_data("01-issue.yaml"), {}, 1);
  const std::string prefix = "arn:aws:elasticloadbalancing:us-east-1:000000000000:";
  const model::LoadBalancer& web = snapshot->load_balancers[0];
  EXPECT_EQ(web.resource_id, "app/web/c824f12afa20e5a9");
  EXPECT_EQ(web.arn, prefix + "loadbalancer/" + web.resource_id);
  EXPECT_EQ(snapshot->target_groups[0].resource_id, "targetgroup/apache/fc3eb5691342a468");
  EXPECT_EQ(snapshot->target_groups[0].arn, prefix + snapshot->target_groups[0].resource_id);
  EXPECT_EQ(web.listeners[1].arn, prefix + "listener/" + web.resource_id + "/2c21b03df69e5d78");
  EXPECT_EQ(snapshot->certificates[0].arn,
            "arn:aws:acm:us-east-1:000000000000:certificate/920edc7e-9584-f6ac-b4bc-49c19db6c199");
}

TEST(SnapshotCompiler, a_body_without_content_type_is_plain_text) {
  const auto compile = [](const std::string& config) {
    const auto snapshot = compile_snapshot(
        declared("LoadBalancers:\n  - Name: web\n    Listeners:\n      - {Port: 80, Protocol: "
                 "HTTP, DefaultActions: [{Type: fixed-response, FixedResponseConfig: " +
                 config + "}]}\n"),
        {}, 1);
    return std::get<model::FixedResponseAction>(
        snapshot->load_balancers[0].listeners[0].rules[0].action);
  };
  EXPECT_EQ(compile("{StatusCode: 200, MessageBody: hello}").content_type, "text/plain");
  EXPECT_EQ(compile("{StatusCode: 204}").content_type, "");
}

TEST(SnapshotCompiler, a_rule_table_is_kept_where_conditions_and_order_are_the_same) {
  const auto compile = [](const std::string& path, int priority, const std::string& port,
                          const model::Snapshot* former) {
    const auto rule = [](const std::string& pattern, int its_priority, const char* status) {
      return "{Priority: " + std::to_string(its_priority) +
             ", Conditions: [{Field: path-pattern, Values: [" + pattern +
             "]}], Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: " + status +
             "}}]}";
    };
    return compile_snapshot(
        declared("LoadBalancers:\n  - Name: web\n    Listeners:\n      - {Port: " + port +
                 ", Protocol: HTTP, Rules: [" + rule(path, priority, former ? "201" : "202") +
                 ", " + rule("/b", 5, "200") +
                 "], DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "
                 "200}}]}\n"),
        {}, 1, {}, former);
  };
  const auto listener = [](const model::SnapshotRef& snapshot) -> const model::Listener& {
    return snapshot->load_balancers[0].listeners[0];
  };
  const auto first = compile("/a", 1, "80", nullptr);
  // What the rules do, and their numbers, are not in it.
  const auto same = compile("/a", 2, "80", first.get());
  EXPECT_TRUE(listener(same).table->compiled_with(*listener(first).table));
  EXPECT_EQ(std::get<model::FixedResponseAction>(listener(same).rules[0].action).status, 201);
  EXPECT_FALSE(
      listener(compile("/c", 1, "80", first.get())).table->compiled_with(*listener(first).table));
  EXPECT_FALSE(
      listener(compile("/a", 9, "80", first.get())).table->compiled_with(*listener(first).table));
  EXPECT_FALSE(
      listener(compile("/a", 1, "81", first.get())).table->compiled_with(*listener(first).table));
}

TEST(SnapshotCompiler, rules_are_named_in_their_order_and_names_are_kept_while_they_are_the_same) {
  const auto compile = [](const std::string& rules, const model::Snapshot* former) {
    return compile_snapshot(
        declared(
            "LoadBalancers:\n  - Name: web\n    Listeners:\n      - {Port: 80, Protocol: HTTP, "
            "Rules: [" +
            rules +
            "], DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "
            "200}}]}\n"),
        {}, 1, {}, former);
  };
  const auto rule = [](int priority, const std::string& path) {
    return "{Priority: " + std::to_string(priority) +
           ", Conditions: [{Field: path-pattern, Values: [" + path +
           "]}], Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: 200}}]}";
  };
  const auto names = [](const model::SnapshotRef& snapshot) {
    return snapshot->load_balancers[0].listeners[0].table->names();
  };
  const auto first = compile(rule(5, "/b") + ", " + rule(2, "/a"), nullptr);
  ASSERT_EQ(names(first)->size(), 3u);
  EXPECT_EQ((*names(first))[0].priority, 2);
  EXPECT_EQ((*names(first))[1].priority, 5);
  EXPECT_EQ((*names(first))[2].priority, 0);
  const std::string prefix =
      "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/web/";
  for (const model::RuleName& name : *names(first)) EXPECT_TRUE(name.arn.starts_with(prefix));
  EXPECT_NE((*names(first))[0].arn, (*names(first))[1].arn);
  EXPECT_EQ(names(compile(rule(5, "/c") + ", " + rule(2, "/a"), first.get())), names(first));
  const auto other = compile(rule(6, "/b") + ", " + rule(2, "/a"), first.get());
  EXPECT_NE(names(other), names(first));
  EXPECT_EQ((*names(other))[0], (*names(first))[0]);
}

TEST(SnapshotCompiler, knows_which_targets_are_names) {
  const std::set<std::string> names{"app.internal.example"};
  EXPECT_EQ(target_names(test_data("02-everything.yaml")), names);
}

}  // namespace
}  // namespace daruma::control
