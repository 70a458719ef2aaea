// SPDX-License-Identifier: Apache-2.0
#include "api/records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace daruma::api {
namespace {

namespace shapes = model::api;

const KeyVault vault(std::string(32, 'k'));

shapes::Rule some_rule() {
  shapes::Rule rule;
  rule.priority = 7;
  rule.identity = {"r1", "2026-01-01T00:00:00Z", {{"a", "\"\xc3\xa4\\"}}};
  shapes::RuleCondition host;
  host.field = "host-header";
  host.host_header_config.emplace().values = {"b.example.com", "a.example.com"};
  shapes::RuleCondition header;
  header.field = "http-header";
  header.http_header_config.emplace().http_header_name = "X";
  header.http_header_config->regex_values = {"a+"};
  shapes::RuleCondition query;
  query.field = "query-string";
  query.query_string_config.emplace() = {{"k", "v"}, {std::nullopt, "w"}};
  query.negate = true;
  rule.conditions = {host, header, query};
  shapes::Action forward;
  forward.type = "forward";
  forward.order = 3;
  forward.forward_config = {{"one", 5}, {"two", std::nullopt}};
  forward.stickiness_config = {true, 3600};
  rule.actions = {forward};
  shapes::RuleTransform transform;
  transform.type = "url-rewrite";
  transform.url_rewrite_config.emplace().push_back({"^/a", "/b"});
  rule.transforms = {transform};
  return rule;
}

shapes::Resources some_resources() {
  shapes::Resources all;
  shapes::TargetGroup& group = all.target_groups.emplace_back();
  group.name = "one";
  group.protocol = "HTTP";
  group.port = 80;
  group.health_check_enabled = true;
  group.health_check_interval_seconds = 5;
  group.http_code = "200-299";
  group.grpc_code = "0-5";
  group.attributes = {{"deregistration_delay.timeout_seconds", "0"}};
  group.targets = {{"127.0.0.1", 81, "zone-a"}, {"name.example.com", std::nullopt, ""}};
  group.vpc = "vpc-1";
  group.identity.id = "g1";
  shapes::TargetGroup& of_instances = all.target_groups.emplace_back();
  of_instances.name = "two";
  of_instances.target_type = "instance";
  of_instances.targets = {{"i-1", 81, "zone-a", "127.0.0.2"}};
  of_instances.identity.id = "g2";
  shapes::LoadBalancer& balancer = all.load_balancers.emplace_back();
  balancer.name = "web";
  balancer.scheme = "internal";
  balancer.ip_address_type = "ipv4";
  balancer.subnets = {"subnet-1"};
  balancer.vpc = "vpc-2";
  balancer.zones = {{"subnet-1", "zone-b"}};
  balancer.capacity_units = 100;
  balancer.capacity_modified = "2026-01-01T00:00:00Z";
  balancer.identity = {"b1", "2026-01-01T00:00:00Z", {}};
  all.inventory.vpcs.push_back({"127.0.0.0/16", {"vpc-1", "2026-01-01T00:00:00Z", {}}});
  all.inventory.subnets.push_back({"vpc-1", "127.0.0.0/24", "zone-a", {"subnet-1", "", {}}});
  all.inventory.security_groups.push_back({"web", "words", "vpc-1", {"sg-1", "", {{"a", "b"}}}});
  all.inventory.vpcs.back().attributes = {{"enableDnsSupport", "false"}};
  all.inventory.subnets.back().map_public_ip_on_launch = true;
  all.inventory.security_groups.back().ingress = {
      {"tcp", 80, 81, "10.0.0.0/8", "words", {"sgr-1", "2026-01-01T00:00:00Z", {{"a", "b"}}}},
      {"-1", {}, {}, "sg-1", "", {"sgr-2", "", {}}}};
  all.inventory.instances.push_back(
      {"127.0.0.2", "subnet-1", {"sg-1"}, "ami-1", "t3", "token", {"i-1", "", {}}});
  shapes::Listener& listener = balancer.listeners.emplace_back();
  listener.port = 443;
  listener.protocol = "HTTPS";
  listener.certificates = {"c1", "c2"};
  listener.ssl_policy = "policy";
  listener.identity.id = "l1";
  shapes::Action fixed;
  fixed.type = "fixed-response";
  fixed.fixed_response_config = {"200", std::nullopt, ""};
  listener.default_actions = {fixed};
  listener.rules = {some_rule()};
  shapes::Certificate& certificate = all.certificates.emplace_back();
  certificate.name = "c1";
  certificate.chain_pem = "chain\n";
  certificate.key_pem = "key\n";
  certificate.identity.id = "c1";
  certificate.request = {"DNS", "DISABLED", "token", "2026-01-02T00:00:00Z"};
  all.authorities.push_back({"chain\n", "key\n", {"a1", "2026-01-01T00:00:00Z", {}}});
  return all;
}

std::vector<store::Row> rows_of(const shapes::Resources& resources) {
  std::vector<store::Row> rows;
  for (const store::Change& change : changes_between({}, resources, vault)) {
    rows.push_back({change.kind, change.key, change.value.value_or("")});
  }
  return rows;
}

std::vector<std::string> changed(const shapes::Resources& before, const shapes::Resources& after) {
  std::vector<std::string> names;
  for (const store::Change& change : changes_between(before, after, vault)) {
    names.push_back((change.value ? "+" : "-") + change.kind + "/" + change.key);
  }
  std::ranges::sort(names);
  return names;
}

TEST(Records, come_back_as_they_went) {
  const shapes::Resources all = some_resources();
  const auto back = resources_of(rows_of(all), vault);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->load_balancers, all.load_balancers);
  EXPECT_EQ(back->target_groups, all.target_groups);
  EXPECT_EQ(back->certificates, all.certificates);
  EXPECT_EQ(back->authorities, all.authorities);
  EXPECT_EQ(back->inventory.vpcs, all.inventory.vpcs);
  EXPECT_EQ(back->inventory.subnets, all.inventory.subnets);
  EXPECT_EQ(back->inventory.security_groups, all.inventory.security_groups);
  EXPECT_EQ(back->inventory.instances, all.inventory.instances);
}

TEST(Records, of_an_earlier_release_have_rules_as_aws_makes_them) {
  const auto back =
      resources_of({{{"security-group", "sg-1", R"({"Name":"web","Vpc":"vpc-1"})"}}}, vault);
  ASSERT_TRUE(back) << back.error().message;
  const shapes::SecurityGroup& group = back->inventory.security_groups.at(0);
  EXPECT_TRUE(group.ingress.empty());
  ASSERT_EQ(group.egress.size(), 1U);
  EXPECT_EQ(group.egress[0].peer, "0.0.0.0/0");
  EXPECT_EQ(group.egress[0].identity.id, "sgr-1");
}

TEST(Records, only_what_differs_is_written) {
  const shapes::Resources before = some_resources();
  EXPECT_TRUE(changed(before, before).empty());
  shapes::Resources after = before;
  after.load_balancers[0].listeners[0].rules[0].priority = 8;
  EXPECT_EQ(changed(before, after), (std::vector<std::string>{"+rule/r1"}));
  after = before;
  after.load_balancers[0].identity.tags["a"] = "b";
  after.target_groups.clear();
  EXPECT_EQ(
      changed(before, after),
      (std::vector<std::string>{"+load-balancer/b1", "-target-group/g1", "-target-group/g2"}));
  after = before;
  after.load_balancers.clear();
  EXPECT_EQ(changed(before, after),
            (std::vector<std::string>{"-listener/l1", "-load-balancer/b1", "-rule/r1"}));
}

TEST(Records, hold_no_key_that_can_be_read) {
  const shapes::Resources all = some_resources();
  for (const store::Row& row : rows_of(all)) {
    EXPECT_EQ(row.value.find("key\\n"), std::string::npos) << row.value;
  }
  const auto back = resources_of(rows_of(all), KeyVault(std::string(32, 'o')));
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().message.find("not sealed with this data directory's key"),
            std::string::npos);
}

TEST(Records, that_are_not_ours_are_told) {
  const auto problem = [](const std::vector<store::Row>& rows) {
    const auto read = resources_of(rows, vault);
    return read ? "" : read.error().message;
  };
  EXPECT_NE(problem({{"colour", "1", "{}"}}).find("unknown kind"), std::string::npos);
  EXPECT_NE(problem({{"rule", "1", "{"}}).find("no JSON"), std::string::npos);
  EXPECT_NE(problem({{"rule", "1", "{\"Listener\":\"none\"}"}}).find("not there"),
            std::string::npos);
  EXPECT_NE(problem({{"listener", "1", "{}"}}).find("not there"), std::string::npos);
}

}  // namespace
}  // namespace daruma::api
