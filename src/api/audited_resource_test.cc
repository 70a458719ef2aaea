// SPDX-License-Identifier: Apache-2.0
#include "api/audited_resource.h"

#include <gtest/gtest.h>

#include <string>

namespace daruma::api {
namespace {

TEST(AuditedResource, is_the_narrowest_that_a_request_names) {
  struct Case {
    const char* form;
    const char* resource;
  };
  const Case cases[] = {
      {"Action=CreateRule&ListenerArn=arn:l&Priority=1", "arn:l"},
      {"RuleArn=arn:r&ListenerArn=arn:l", "arn:r"},
      {"Name=web&SecurityGroups.member.1=sg-1", "web"},
      {"TrustStoreArn=arn:t&RevocationIds.member.1=1", "arn:t"},
      {"ResourceArns.member.1=arn:a&ResourceArns.member.2=arn:b&Tags.member.1.Key=k",
       "arn:a arn:b"},
      {"RulePriorities.member.1.RuleArn=arn:a&RulePriorities.member.1.Priority=5", "arn:a"},
      {"InstanceId.1=i-1&InstanceId.2=i-2", "i-1 i-2"},
      {"ResourceId.1=vpc-1&Tag.1.Key=k", "vpc-1"},
      {"RouteTableId=rtb-1&SubnetId=subnet-1", "rtb-1"},
      {"AssociationId=rtbassoc-1", "rtbassoc-1"},
      {"GroupName=web&VpcId=vpc-1", "web"},
      {"PrivateIpAddress=10.0.0.1&SubnetId=subnet-1&SecurityGroupId.1=sg-1", "10.0.0.1"},
      {"ServerCertificateName=c&NewServerCertificateName=d", "c"},
      {"AlarmNames.member.1=one&AlarmNames.member.2=two", "one two"},
      {"Action=DescribeTags", ""},
  };
  for (const Case& each : cases) {
    const auto parameters = parse_form(each.form);
    ASSERT_TRUE(parameters) << each.form;
    EXPECT_EQ(resource_of(*parameters), each.resource) << each.form;
  }
}

TEST(AuditedResource, of_a_json_body) {
  EXPECT_EQ(resource_of(cloudwatch::Json{{"AlarmName", "a"}, {"Namespace", "N"}}), "a");
  EXPECT_EQ(resource_of(cloudwatch::Json{{"AlarmNames", {"a", "b", 3}}}), "a b");
  EXPECT_EQ(resource_of(cloudwatch::Json{{"ResourceARN", "arn:x"}}), "arn:x");
  EXPECT_EQ(resource_of(cloudwatch::Json::object()), "");
}

TEST(AuditedResource, a_line_stays_short) {
  std::string form = "InstanceId.1=i-0";
  for (int i = 2; i < 1000; ++i) form += "&InstanceId." + std::to_string(i) + "=i-0123456789";
  EXPECT_LE(resource_of(*parse_form(form)).size(), audited_resource_bytes_max);
}

TEST(AuditedResource, of_what_was_made) {
  EXPECT_EQ(created_resource("CreateRule", "<Rules><RuleArn>arn:r</RuleArn></Rules>"), "arn:r");
  EXPECT_EQ(created_resource("CreateSubnet", "<subnet><subnetId>s-1</subnetId><vpcId>v</vpcId>"),
            "s-1");
  EXPECT_EQ(created_resource("RunInstances", "<item><instanceId>i-1</instanceId>"), "i-1");
  EXPECT_EQ(created_resource("DeleteVpc", "<vpcId>v</vpcId>"), "");
  EXPECT_EQ(created_resource("CreateTags", "<return>true</return>"), "");
}

}  // namespace
}  // namespace daruma::api
