// SPDX-License-Identifier: Apache-2.0
#include "api/outside.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <variant>

#include "api/network.h"
#include "telemetry/temporary_directory.h"

namespace daruma::api {
namespace {

using notify::Ec2Fact;
using notify::Ec2Facts;
using notify::Ec2Kind;

struct World {
  World() {
    inventory.subnets.push_back({"vpc-1", "10.0.0.0/24", "zone-a", {"subnet-1", "", {}}});
    inventory.instances.push_back({"10.0.0.9", "subnet-1", {}, "", "", "", {"i-1", "", {}}});
    node.availability_zone = "zone-n";
  }
  void name_endpoint() {
    ec2 = model::api::Ec2Endpoint{.endpoint = "http://127.0.0.1:5000"};
    cache.use(ec2);
  }
  Outside::Context context() const {
    return {inventory, node, ec2, cache, buckets, file, answers, now};
  }

  model::api::Inventory inventory;
  model::api::Node node;
  std::optional<model::api::Ec2Endpoint> ec2;
  Ec2Cache cache;
  std::vector<model::api::Bucket> buckets;
  std::string file = "daruma.yaml";
  OutsideAnswers answers;
  Instant now{50s};
};

const std::string own_subnet(default_subnet);

TEST(Outside, the_inventory_knows_and_nobody_is_asked) {
  const World world;
  Outside outside(world.context());
  const auto subnets = outside.find(Ec2Kind::subnet, {own_subnet, "subnet-1", "subnet-2"});
  ASSERT_TRUE(subnets);
  EXPECT_EQ(*subnets, (Ec2Facts{{own_subnet, {std::string(default_vpc), "zone-n"}},
                                {"subnet-1", {"vpc-1", "zone-a"}}}));
  const auto instances = outside.find(Ec2Kind::instance, {"i-1"});
  ASSERT_TRUE(instances);
  EXPECT_EQ(instances->at("i-1"), (Ec2Fact{"vpc-1", "zone-a", "10.0.0.9", "running"}));
  EXPECT_TRUE(outside.questions().empty());
}

TEST(Outside, an_endpoint_is_asked_instead_of_the_inventory) {
  World world;
  world.name_endpoint();
  Outside first(world.context());
  EXPECT_FALSE(first.find(Ec2Kind::subnet, {own_subnet, "subnet-1", "subnet-2"}));
  ASSERT_EQ(first.questions().size(), 1u);
  const auto* question = std::get_if<notify::Ec2Question>(&first.questions()[0]);
  ASSERT_NE(question, nullptr);
  EXPECT_EQ(question->ids, (std::set<std::string>{"subnet-1", "subnet-2"}));
  EXPECT_EQ(question->endpoint, *world.ec2);

  world.answers.ec2[{Ec2Kind::subnet, "subnet-1"}] = std::nullopt;
  world.answers.ec2[{Ec2Kind::subnet, "subnet-2"}] = Ec2Fact{"vpc-2", "zone-b"};
  Outside second(world.context());
  const auto found = second.find(Ec2Kind::subnet, {own_subnet, "subnet-1", "subnet-2"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 2u);
  EXPECT_EQ(found->at("subnet-2"), (Ec2Fact{"vpc-2", "zone-b"}));
  EXPECT_TRUE(second.questions().empty());
}

TEST(Outside, nobody_is_asked_for_what_is_no_id) {
  World world;
  world.name_endpoint();
  Outside outside(world.context());
  const auto found = outside.find(Ec2Kind::vpc, {"", "VPC", "vpc 1", std::string(65, 'a')});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
  EXPECT_TRUE(outside.questions().empty());
}

TEST(Outside, what_was_there_lately_is_not_asked_for_again) {
  World world;
  world.name_endpoint();
  world.cache.keep(Ec2Kind::vpc, {{"vpc-1", {.vpc = "vpc-1"}}}, world.now);
  Outside outside(world.context());
  EXPECT_TRUE(outside.find(Ec2Kind::vpc, {"vpc-1"}).value().contains("vpc-1"));
  world.now += Ec2Cache::good_for;
  Outside later(world.context());
  EXPECT_FALSE(later.find(Ec2Kind::vpc, {"vpc-1"}));
}

TEST(Outside, objects_of_a_service_are_asked_for_and_those_of_a_directory_read) {
  const telemetry::TemporaryDirectory directory;
  std::ofstream(directory.path() / "k") << "here";
  World world;
  world.buckets = {{.name = "near", .directory = directory.path().string()},
                   {.name = "far", .endpoint = "https://s3.example.com"}};
  Outside first(world.context());
  EXPECT_EQ(first.read_object({"near", "k"}, 10).value(), "here");
  EXPECT_EQ(first.read_object({"near", "k", "1"}, 10).error().message,
            "bucket 'near' is a directory and keeps no versions; leave the version out");
  EXPECT_EQ(first.read_object({"other", "k"}, 10).error().message,
            "bucket 'other' is not among Buckets of daruma.yaml as it was at the start");
  EXPECT_FALSE(first.read_object({"far", "../k"}, 10));
  EXPECT_TRUE(first.questions().empty());
  EXPECT_FALSE(first.read_object({"far", "k"}, 10));
  EXPECT_FALSE(first.read_object({"far", "k", "1"}, 10));
  ASSERT_EQ(first.questions().size(), 2u);
  const auto* question = std::get_if<notify::ObjectQuestion>(&first.questions()[1]);
  ASSERT_NE(question, nullptr);
  EXPECT_EQ(question->bucket, world.buckets[1]);
  EXPECT_EQ(question->key + question->version, "k1");

  world.answers.objects.emplace(ObjectPlace{"far", "k"}, "there");
  world.answers.objects.emplace(ObjectPlace{"far", "k", "1"},
                                tl::unexpected(notify::ServiceProblem{"404", false}));
  Outside second(world.context());
  EXPECT_EQ(second.read_object({"far", "k"}, 10).value(), "there");
  EXPECT_EQ(second.read_object({"far", "k", "1"}, 10).error().message,
            "object 'k' of bucket 'far': 404");
  EXPECT_TRUE(second.questions().empty());
}

TEST(Ec2Cache, an_instance_that_does_not_run_yet_is_asked_for_again) {
  World world;
  world.name_endpoint();
  const Ec2Facts facts{{"i-7", {"vpc-1", "zone-a", "10.0.0.9", "running"}},
                       {"i-8", {"vpc-1", "zone-a", "10.0.0.10", "pending"}},
                       {"i-9", {"vpc-1", "zone-a", "", "running"}}};
  world.cache.keep(Ec2Kind::instance, facts, world.now);
  EXPECT_NE(world.cache.find(Ec2Kind::instance, "i-7", world.now), nullptr);
  EXPECT_EQ(world.cache.find(Ec2Kind::instance, "i-8", world.now), nullptr);
  EXPECT_EQ(world.cache.find(Ec2Kind::instance, "i-9", world.now), nullptr);
}

TEST(Ec2Cache, forgets_another_endpoints_and_what_is_too_much) {
  World world;
  world.name_endpoint();
  world.cache.keep(Ec2Kind::vpc, {{"vpc-1", {.vpc = "vpc-1"}}}, world.now);
  auto other = world.ec2;
  other->region = "eu-north-1";
  world.cache.use(other);
  EXPECT_EQ(world.cache.find(Ec2Kind::vpc, "vpc-1", world.now), nullptr);

  world.cache.keep(Ec2Kind::vpc, {{"vpc-1", {.vpc = "vpc-1"}}}, world.now);
  const Ec2Fact running{"vpc-1", "zone-a", "10.0.0.9", "running"};
  Ec2Facts many;
  for (size_t i = 0; i < Ec2Cache::facts_max; ++i) many["i-" + std::to_string(i)] = running;
  world.cache.keep(Ec2Kind::instance, many, world.now);
  EXPECT_EQ(world.cache.find(Ec2Kind::vpc, "vpc-1", world.now), nullptr);
  EXPECT_NE(world.cache.find(Ec2Kind::instance, "i-7", world.now), nullptr);
}

}  // namespace
}  // namespace daruma::api
