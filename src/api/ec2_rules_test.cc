// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "api/ec2_permissions.h"
#include "api/network.h"
#include "api/query_parameters.h"

namespace daruma::api::ec2 {
namespace {

class Nobody final : public NodeState {
 public:
  bool serves_everywhere(const shapes::LoadBalancer&) const override { return true; }
  std::string problem_of(const shapes::LoadBalancer&) const override { return ""; }
  model::AnomalyLetter anomaly(const model::TargetKey&) const override { return {}; }
  bool shifted_away(const model::TargetKey&) const override { return false; }
  const control::Controller::TargetHealthTable& target_health() const override { return health_; }
  const control::Controller::DrainingTable& draining_targets() const override { return draining_; }
  std::string started() const override { return ""; }
  std::string now() const override { return ""; }
  WallTime wall_now() const override { return {}; }
  std::string location_of(const LinkedContent&) const override { return ""; }

 private:
  control::Controller::TargetHealthTable health_;
  control::Controller::DrainingTable draining_;
};

// "" if it is done; the error's code.
std::string code_of(const shapes::Resources& created, const char* operation,
                    const std::string& form) {
  const shapes::Resources declared;
  const std::string file;
  Catalog catalog(declared, created, file);
  catalog.begin_change();
  const Nobody node;
  const auto parameters = parse_form(form);
  InventoryCall call{catalog, node, *parameters, XmlWriter()};
  const auto done = find_change(operation)->run(call);
  return done ? "" : done.error().code;
}

// sg-0, …, each with one rule.
shapes::Resources groups(size_t count) {
  shapes::Resources all;
  all.inventory.vpcs.push_back({"10.0.0.0/16", {"vpc-1", "", {}}});
  for (size_t i = 0; i < count; ++i) {
    shapes::SecurityGroup group{fmt::format("group-{}", i), "words", "vpc-1", {}};
    group.identity.id = fmt::format("sg-{}", i);
    group.egress = {everything_goes_out(group.identity)};
    all.inventory.security_groups.push_back(std::move(group));
  }
  return all;
}

std::string ranges(size_t count, const char* form) {
  std::string text = "GroupId=sg-0&IpPermissions.1.IpProtocol=-1";
  for (size_t i = 0; i < count; ++i) {
    text += "&IpPermissions.1." + fmt::format(fmt::runtime(form), i + 1, i);
  }
  return text;
}

constexpr const char* ipv4 = "IpRanges.{}.CidrIp=10.0.{}.0/24";
constexpr const char* ipv6 = "Ipv6Ranges.{}.CidrIpv6=fd00:{}::/32";
constexpr const char* peers = "Groups.{}.GroupId=sg-{}";

TEST(Ec2Rules, ipv4_and_ipv6_are_counted_apart) {
  shapes::Resources all = groups(61);
  const auto authorize = [&all](const std::string& form) {
    return code_of(all, "AuthorizeSecurityGroupIngress", form);
  };
  const std::string full = "RulesPerSecurityGroupLimitExceeded";
  for (const char* peer : {ipv4, ipv6, peers}) {
    EXPECT_EQ(authorize(ranges(60, peer)), "") << peer;
    EXPECT_EQ(authorize(ranges(61, peer)), full) << peer;
  }
  Rules& ingress = all.inventory.security_groups[0].ingress;
  ingress.assign(60, {"tcp", 80, 80, "10.0.0.0/8", "", {}});
  EXPECT_EQ(authorize(ranges(60, ipv6)), "");
  EXPECT_EQ(authorize(ranges(1, ipv4)), full);
  EXPECT_EQ(authorize(ranges(1, peers)), full);
  ingress.assign(60, {"tcp", 80, 80, "::/0", "", {}});
  EXPECT_EQ(authorize(ranges(60, ipv4)), "");
  EXPECT_EQ(authorize(ranges(1, peers)), full);
}

// They would be compared with each other before anybody counts them.
TEST(Ec2Rules, more_than_a_group_can_have_are_not_read) {
  const shapes::Resources all = groups(1);
  const char* same = "IpRanges.{}.CidrIp=10.0.0.0/24";
  EXPECT_EQ(code_of(all, "AuthorizeSecurityGroupEgress", ranges(120, same)),
            "InvalidParameterValue");
  EXPECT_EQ(code_of(all, "AuthorizeSecurityGroupEgress", ranges(121, same)),
            "RulesPerSecurityGroupLimitExceeded");
  for (const char* operation : {"AuthorizeSecurityGroupIngress", "RevokeSecurityGroupEgress",
                                "UpdateSecurityGroupRuleDescriptionsIngress"}) {
    EXPECT_EQ(code_of(all, operation, ranges(121, ipv4)), "RulesPerSecurityGroupLimitExceeded");
  }
}

TEST(Ec2Rules, all_groups_together_have_so_many) {
  shapes::Resources all = groups(2);
  const size_t rest = rules_max - 2;
  all.inventory.security_groups[1].ingress.assign(rest - 2, {"tcp", 80, 80, "::/0", "", {}});
  EXPECT_EQ(code_of(all, "AuthorizeSecurityGroupIngress", ranges(2, ipv4)), "");
  EXPECT_EQ(code_of(all, "AuthorizeSecurityGroupEgress", ranges(3, ipv4)),
            "RulesPerSecurityGroupLimitExceeded");
  const std::string another = "GroupName=x&GroupDescription=x&VpcId=vpc-1";
  EXPECT_EQ(code_of(all, "CreateSecurityGroup", another), "");
  all.inventory.security_groups[1].ingress.resize(rest);
  EXPECT_EQ(code_of(all, "CreateSecurityGroup", another), "SecurityGroupLimitExceeded");
}

}  // namespace
}  // namespace daruma::api::ec2
