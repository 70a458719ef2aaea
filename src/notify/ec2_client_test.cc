// SPDX-License-Identifier: Apache-2.0
#include "notify/ec2_client.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <deque>
#include <string>
#include <vector>

namespace daruma::notify {
namespace {

// Answers in turn; the last for good.
class FakeSender final : public HttpSender {
 public:
  Result<HttpReply> send(const HttpRequest& request) override {
    asked.push_back(request);
    Result<HttpReply> answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
  std::vector<HttpRequest> asked;
  std::deque<Result<HttpReply>> answers;
};

const model::api::Ec2Endpoint endpoint{.endpoint = "https://ec2.example.com",
                                       .region = "eu-central-1",
                                       .access_key_id = "AKIA1",
                                       .secret_access_key = "secret"};
const Instant now{100s};
const Deadline soon{[] { return now; }, now + 5s};

HttpReply page(const std::string& set, const std::string& items, const std::string& token = "") {
  return {200, fmt::format("<?xml version=\"1.0\"?><R xmlns=\"http://ec2.amazonaws.com/doc/\">"
                           "<requestId>1</requestId><{0}>{1}</{0}><nextToken>{2}</nextToken></R>",
                           set, items, token)};
}

std::string subnet(const std::string& id, const std::string& vpc, const std::string& zone) {
  return fmt::format(
      "<item><subnetId>{}</subnetId><vpcId>{}</vpcId><availabilityZone>{}</availabilityZone></"
      "item>",
      id, vpc, zone);
}

TEST(Ec2Client, asks_by_filter_signed_for_its_region) {
  FakeSender sender;
  sender.answers = {page("subnetSet", subnet("subnet-1", "vpc-1", "z-a"))};
  const auto facts = ask_ec2({endpoint, Ec2Kind::subnet, {"subnet-1", "subnet-2"}}, soon, sender);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(*facts, (Ec2Facts{{"subnet-1", {.vpc = "vpc-1", .zone = "z-a"}}}));
  ASSERT_EQ(sender.asked.size(), 1u);
  const HttpRequest& request = sender.asked[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://ec2.example.com/");
  EXPECT_EQ(request.body,
            "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=subnet-id"
            "&Filter.1.Value.1=subnet-1&Filter.1.Value.2=subnet-2");
  ASSERT_TRUE(request.signer);
  EXPECT_EQ(request.signer->service, "ec2");
  EXPECT_EQ(request.signer->region, "eu-central-1");
  EXPECT_EQ(request.timeout, 5s);
}

TEST(Ec2Client, instances_lie_in_reservations) {
  FakeSender sender;
  const auto instance = [](const std::string& id, const std::string& state) {
    return fmt::format(
        "<item><instanceId>{}</instanceId><instanceState><name>{}</name></instanceState>"
        "<vpcId>vpc-1</vpcId><placement><availabilityZone>z-a</availabilityZone></placement>"
        "<privateIpAddress>10.0.0.1</privateIpAddress></item>",
        id, state);
  };
  sender.answers = {
      page("reservationSet", "<item><groupSet/><instancesSet>" + instance("i-1", "running") +
                                 instance("i-2", "stopped") + "</instancesSet></item>" +
                                 "<item><instancesSet>" + instance("i-3", "running") +
                                 "</instancesSet></item>")};
  const auto facts = ask_ec2({endpoint, Ec2Kind::instance, {"i-1", "i-2"}}, soon, sender);
  ASSERT_TRUE(facts) << facts.error().message;
  ASSERT_EQ(facts->size(), 2u);  // not what nobody asked for
  EXPECT_EQ(facts->at("i-1"), (Ec2Fact{"vpc-1", "z-a", "10.0.0.1", "running"}));
  EXPECT_EQ(facts->at("i-2").state, "stopped");
}

TEST(Ec2Client, pages_are_followed_and_many_ids_are_asked_in_parts) {
  FakeSender sender;
  sender.answers = {page("vpcSet", "<item><vpcId>vpc-0</vpcId></item>", "more/1"),
                    page("vpcSet", "<item><vpcId>vpc-1</vpcId></item>"),
                    page("vpcSet", "<item><vpcId>vpc-200</vpcId></item>")};
  std::set<std::string> ids;
  for (size_t i = 0; i <= ec2_ids_at_once_max; ++i) ids.insert(fmt::format("vpc-{}", i));
  const auto facts = ask_ec2({endpoint, Ec2Kind::vpc, ids}, soon, sender);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->size(), 3u);
  ASSERT_EQ(sender.asked.size(), 3u);
  EXPECT_TRUE(sender.asked[1].body.ends_with("&NextToken=more%2F1"));
  EXPECT_TRUE(sender.asked[2].body.ends_with("&Filter.1.Value.1=vpc-99"));
}

TEST(Ec2Client, an_endpoint_that_never_ends_is_not_followed_for_ever) {
  FakeSender sender;
  sender.answers = {page("vpcSet", "", "again")};
  const auto facts = ask_ec2({endpoint, Ec2Kind::vpc, {"vpc-1"}}, soon, sender);
  ASSERT_FALSE(facts);
  EXPECT_EQ(sender.asked.size(), ec2_pages_max);
  EXPECT_FALSE(facts.error().may_pass);
}

TEST(Ec2Client, says_what_was_wrong_and_whether_it_may_pass) {
  struct Case {
    Result<HttpReply> answer;
    std::string problem;
    bool may_pass;
  };
  const std::string refusal =
      "<Response><Errors><Error><Code>AuthFailure</Code><Message>who?</Message></Error></Errors>"
      "</Response>";
  const Case cases[] = {
      {fail("Could not connect to server"), "Could not connect to server", true},
      {HttpReply{503, "no XML"}, "it said 503", true},
      {HttpReply{401, refusal}, "it said 401 AuthFailure: who?", false},
      {HttpReply{200, "{}"},
       "it is not the XML that was expected: line 1: not well-formed (invalid token)", false},
      {HttpReply{200, "<a/>"}, "its answer has no securityGroupInfo", false},
      {page("securityGroupInfo", "<item><groupId>sg-1</groupId></item>"),
       "its answer has sg-1 without vpcId", false},
      {HttpReply{.status = 200, .body = "<a>", .cut_off = true}, "more than 16777216 bytes came",
       false},
  };
  for (const Case& each : cases) {
    FakeSender sender;
    sender.answers = {each.answer};
    const auto facts = ask_ec2({endpoint, Ec2Kind::security_group, {"sg-1"}}, soon, sender);
    ASSERT_FALSE(facts) << each.problem;
    EXPECT_EQ(facts.error().message,
              "The EC2 endpoint https://ec2.example.com did not answer DescribeSecurityGroups: " +
                  each.problem);
    EXPECT_EQ(facts.error().may_pass, each.may_pass) << each.problem;
  }
}

TEST(Ec2Client, a_subnet_without_its_network_or_zone_is_not_believed) {
  for (const auto& [item, missing] :
       {std::pair{subnet("subnet-1", "", "z-a"), "vpcId"},
        std::pair{subnet("subnet-1", "vpc-1", ""), "availabilityZone"}}) {
    FakeSender sender;
    sender.answers = {page("subnetSet", item)};
    const auto facts = ask_ec2({endpoint, Ec2Kind::subnet, {"subnet-1"}}, soon, sender);
    ASSERT_FALSE(facts) << missing;
    EXPECT_TRUE(
        facts.error().message.ends_with(std::string("its answer has subnet-1 without ") + missing))
        << facts.error().message;
  }
}

TEST(Ec2Client, nobody_is_asked_after_the_deadline) {
  FakeSender sender;
  const auto facts =
      ask_ec2({endpoint, Ec2Kind::vpc, {"vpc-1"}}, {[] { return now; }, now}, sender);
  ASSERT_FALSE(facts);
  EXPECT_TRUE(facts.error().may_pass);
  EXPECT_TRUE(sender.asked.empty());
}

}  // namespace
}  // namespace daruma::notify
