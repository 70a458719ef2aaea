// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_filter.h"

#include <gtest/gtest.h>

#include <string>

#include "api/ec2_items.h"
#include "api/network.h"
#include "api/query_parameters.h"

namespace daruma::api::ec2 {
namespace {

Expected<Filters> filters_of(const std::string& form, const char* action = "DescribeVpcs") {
  const auto parameters = parse_form(form);
  Input in(*parameters);
  auto filters = Filters::read(in, *filter_names(action));
  if (const auto read = in.finish(); filters && !read) return tl::unexpected(read.error());
  return filters;
}

std::string problem_of(const std::string& form) {
  const auto filters = filters_of(form);
  return filters ? "" : filters.error().code + ": " + filters.error().message;
}

TEST(Ec2Filter, values_have_wildcards) {
  const Facts facts{{"state", "available"}, {"tag:a*b", "c?d"}, {"tag-key", "a"}, {"tag-key", "b"}};
  const struct {
    const char* filter;
    bool passes;
  } cases[] = {
      {"Filter.1.Name=state&Filter.1.Value.1=available", true},
      {"Filter.1.Name=state&Filter.1.Value.1=Available", false},
      {"Filter.1.Name=state&Filter.1.Value.1=avail", false},
      {"Filter.1.Name=state&Filter.1.Value.1=avail*", true},
      {"Filter.1.Name=state&Filter.1.Value.1=availabl?", true},
      {"Filter.1.Name=state&Filter.1.Value.1=available?", false},
      {"Filter.1.Name=state&Filter.1.Value.1=x&Filter.1.Value.2=*", true},
      {"Filter.1.Name=tag:a*b&Filter.1.Value.1=c?d", true},
      {"Filter.1.Name=tag:a*b&Filter.1.Value.1=c%5C?d", true},
      {"Filter.1.Name=tag:axb&Filter.1.Value.1=*", false},
      {"Filter.1.Name=tag-key&Filter.1.Value.1=b", true},
      {"Filter.1.Name=tag-key&Filter.1.Value.1=a&Filter.2.Name=tag-key&Filter.2.Value.1=b", true},
      {"Filter.1.Name=tag-key&Filter.1.Value.1=a&Filter.2.Name=state&Filter.2.Value.1=x", false},
      {"Filter.1.Name=ipv6-cidr-block-association.state&Filter.1.Value.1=*", false},
      {"Filter=", true},
      {"", true},
  };
  for (const auto& each : cases) {
    const auto filters = filters_of(each.filter);
    ASSERT_TRUE(filters) << each.filter << filters.error().message;
    EXPECT_EQ(filters->let_through(facts), each.passes) << each.filter;
  }
}

TEST(Ec2Filter, what_is_none_is_told) {
  EXPECT_EQ(problem_of("Filter.1.Name=colour&Filter.1.Value.1=x"),
            "InvalidParameterValue: The filter 'colour' is invalid");
  EXPECT_EQ(problem_of("Filter.1.Value.1=x"),
            "InvalidParameterValue: The filter 'null' is invalid");
  EXPECT_EQ(problem_of("Filter.1.Name=state"),
            "InvalidParameterValue: The filter 'state' has no value");
  EXPECT_EQ(problem_of("Filter.1.Name=state&Filter.1.Values.1=x"),
            "UnknownParameter: The parameter Values is not recognized");
  EXPECT_EQ(problem_of("Filter=x"),
            "UnknownParameter: The parameter Filter is not recognized: it is a list, Filter.1");
  EXPECT_EQ(problem_of("Filter.Name=state&Filter.Value.1=x"),
            "UnknownParameter: The parameter Filter.Name is not recognized");
  EXPECT_EQ(problem_of("Filter.1.Name=state&Filter.1.Value=x"),
            "UnknownParameter: The parameter Value is not recognized: it is a list, Value.1");
  EXPECT_EQ(problem_of("Filter.1.Name=state&Filter.1.Value.x=x"),
            "UnknownParameter: The parameter Value.x is not recognized");
  std::string many = "Filter.1.Name=state&Filter.2.Name=vpc-id&Filter.2.Value.1=x";
  for (size_t i = 0; i < Filters::values_max - 1; ++i) {
    many += "&Filter.1.Value." + std::to_string(i) + "=x";
  }
  EXPECT_EQ(problem_of(many), "");
  EXPECT_EQ(problem_of(many + "&Filter.2.Value.2=x").substr(0, 20), "FilterLimitExceeded:");
  EXPECT_NE(problem_of("Filter.1.Name=state&Filter.1.Value.1=*" + std::string(128, 'x')), "");
  EXPECT_NE(problem_of("Filter.1.Name=state&Filter.1.Value.1=*%09"), "");
  const auto none_of_tags =
      filters_of("Filter.1.Name=tag:a&Filter.1.Value.1=x", "DescribeAvailabilityZones");
  EXPECT_FALSE(none_of_tags);
}

// One that is not known to the operation could never be asked for.
TEST(Ec2Filter, all_that_is_shown_can_be_asked_for) {
  model::api::Inventory all;
  const model::api::Tags tags{{"a", "b"}};
  all.vpcs.push_back({"10.0.0.0/16", {"vpc-1", "", tags}});
  all.subnets.push_back({"vpc-1", "10.0.0.0/24", "zone-a", {"subnet-1", "", tags}});
  all.security_groups.push_back({"web", "words", "vpc-1", {"sg-1", "", tags}});
  all.security_groups[0].ingress = {{"tcp", 80, 80, "sg-1", "", {"sgr-1", "", tags}},
                                    {"tcp", 80, 80, "::/0", "", {"sgr-2", "", {}}}};
  all.security_groups[0].egress = all.security_groups[0].ingress;
  all.security_groups[0].egress.push_back(everything_goes_out(all.security_groups[0].identity));
  all.instances.push_back(
      {"10.0.0.1", "subnet-1", {"sg-1"}, "ami", "t3", "token", {"i-1", "", tags}});
  all.internet_gateways.push_back({"vpc-1", {"igw-1", "", tags}});
  all.route_tables.push_back(
      {"vpc-1", {{"0.0.0.0/0", "igw-1"}}, {{"rtbassoc-1", "subnet-1"}}, {"rtb-1", "", tags}});
  const model::api::Node node;
  const struct {
    const char* action;
    std::vector<Item> (*items)(const Whole& whole);
  } kinds[] = {{"DescribeVpcs", vpcs},
               {"DescribeSubnets", subnets},
               {"DescribeSecurityGroups", security_groups},
               {"DescribeSecurityGroupRules", security_group_rules},
               {"DescribeAvailabilityZones", zones},
               {"DescribeInstances", instances},
               {"DescribeInstanceStatus", instance_statuses},
               {"DescribeInternetGateways", internet_gateways},
               {"DescribeRouteTables", route_tables}};
  for (const auto& kind : kinds) {
    const std::vector<Item> items = kind.items({all, node});
    ASSERT_FALSE(items.empty()) << kind.action;
    for (const Item& item : items) {
      for (const auto& [name, value] : item.facts) {
        EXPECT_TRUE(filter_names(kind.action)->has(name)) << kind.action << ' ' << name;
      }
    }
  }
}

}  // namespace
}  // namespace daruma::api::ec2
