// SPDX-License-Identifier: Apache-2.0
#include "control/configuration_change.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace daruma::control {
namespace {

struct ConfigurationChangeTest : testing::Test {
  ConfigurationChangeTest() {
    before.target_groups.resize(1);
    before.target_groups[0].name = "shop";
    before.target_groups[0].targets.push_back(
        {.key = {"shop", "10.0.0.1", 80}, .zone = "", .addresses = {}});
    model::LoadBalancer& balancer = before.load_balancers.emplace_back();
    balancer.name = "web";
    model::Listener& listener = balancer.listeners.emplace_back();
    listener.port = 80;
    listener.rules.push_back(
        {.priority = 0, .conditions = {}, .action = model::ForwardAction{{{.group = 0}}, 1}});
    after = before;
  }
  std::string change() const { return change_between(before, after); }

  model::Snapshot before;
  model::Snapshot after;
};

TEST_F(ConfigurationChangeTest, says_nothing_where_nobody_changed_anything) {
  after.revision = 7;
  after.target_groups[0].targets[0].addresses.push_back(Address::v4({10, 0, 0, 9}, 80));
  EXPECT_EQ(change(), "");
}

TEST_F(ConfigurationChangeTest, names_targets) {
  after.target_groups[0].targets[0].key.id = "10.0.0.2";
  after.target_groups[0].targets.push_back(
      {.key = {"shop", "10.0.0.3", 80}, .zone = "", .addresses = {}});
  EXPECT_EQ(change(),
            "target group shop: deregistered 10.0.0.1:80\n"
            "target group shop: registered 10.0.0.2:80, 10.0.0.3:80");
}

TEST_F(ConfigurationChangeTest, names_what_came_and_went) {
  after.load_balancers[0].listeners[0].port = 81;
  after.load_balancers.push_back(after.load_balancers[0]);
  after.load_balancers[1].name = "api";
  after.target_groups[0].name = "store";
  EXPECT_EQ(change(),
            "listener web:80 removed\nlistener web:81 added\nload balancer api added\n"
            "target group shop removed\ntarget group store added");
}

// A group's place in the snapshot is nobody's business.
TEST_F(ConfigurationChangeTest, rules_are_compared_by_what_they_name) {
  model::TargetGroup first;
  first.name = "first";
  after.target_groups.insert(after.target_groups.begin(), first);
  std::get<model::ForwardAction>(after.load_balancers[0].listeners[0].rules[0].action)
      .groups[0]
      .group = 1;
  EXPECT_EQ(change(), "target group first added");
  std::get<model::ForwardAction>(after.load_balancers[0].listeners[0].rules[0].action)
      .groups[0]
      .group = 0;
  EXPECT_EQ(change(), "listener web:80: rules changed\ntarget group first added");
}

TEST_F(ConfigurationChangeTest, tells_of_zonal_shifts) {
  after.load_balancers[0].shifted_zone = "zone-a";
  EXPECT_EQ(change(), "load balancer web: traffic shifted away from zone-a");
  std::swap(before, after);
  EXPECT_EQ(change(), "load balancer web: traffic goes to zone-a again");
}

TEST_F(ConfigurationChangeTest, is_no_longer_than_people_read) {
  for (int i = 0; i < 40; ++i) {
    after.target_groups.emplace_back().name = "group-" + std::to_string(i);
    after.target_groups[0].targets.push_back(
        {.key = {"shop", "10.0.1." + std::to_string(i), 80}, .zone = "", .addresses = {}});
  }
  const std::string text = change();
  EXPECT_EQ(std::ranges::count(text, '\n'), static_cast<int>(change_lines_max) - 1);
  EXPECT_NE(text.find("and 35 more"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("and 22 more")) << text;
}

}  // namespace
}  // namespace daruma::control
