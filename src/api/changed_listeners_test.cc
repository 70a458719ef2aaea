// SPDX-License-Identifier: Apache-2.0
#include "api/changed_listeners.h"

#include <gtest/gtest.h>

namespace daruma::api {
namespace {

namespace shapes = model::api;

shapes::Listener listener(const std::string& id, int64_t port) {
  shapes::Listener made;
  made.port = port;
  made.protocol = "HTTP";
  made.identity.id = id;
  return made;
}

class ChangedListeners : public testing::Test {
 protected:
  ChangedListeners() {
    shapes::LoadBalancer& web = before.load_balancers.emplace_back();
    web.name = "web";
    web.identity.id = "b";
    web.listeners = {listener("one", 81), listener("two", 82)};
    after = before;
  }
  std::vector<shapes::Listener>& listeners() { return after.load_balancers.front().listeners; }
  std::vector<ChangedListener> changed() { return changed_listeners(before, after); }

  shapes::Resources before;
  shapes::Resources after;
};

TEST_F(ChangedListeners, only_what_has_to_be_opened_or_served_otherwise_counts) {
  listeners()[0].rules.emplace_back();
  listeners()[0].default_actions.emplace_back();
  listeners()[0].identity.tags["a"] = "b";
  EXPECT_TRUE(changed().empty());
  listeners()[0].certificates = {"site"};
  listeners()[1].port = 83;
  ASSERT_EQ(changed().size(), 2u);
  EXPECT_EQ(changed()[1].port, 83);
  EXPECT_EQ(changed()[1].former->port, 82);
  after.load_balancers.clear();
  EXPECT_TRUE(changed().empty()) << "what is gone has no port";
}

TEST_F(ChangedListeners, a_problem_is_of_a_listener_by_its_load_balancer_and_port) {
  listeners().push_back(listener("three", 84));
  const std::vector<model::ListenerProblem> others{{"web", 81, "old"}, {"other", 84, "not ours"}};
  EXPECT_EQ(problem_of(changed(), others), "");
  const std::vector<model::ListenerProblem> ours{others[0], {"web", 84, "cannot listen"}};
  EXPECT_EQ(problem_of(changed(), ours), "listener web:84: cannot listen");
}

TEST_F(ChangedListeners, new_ones_go_and_changed_ones_are_as_before_with_the_rules_of_now) {
  listeners()[1].port = 83;
  listeners().push_back(listener("three", 84));
  const auto rows = changed();
  // Meanwhile others changed other things.
  shapes::Resources now = after;
  now.load_balancers.front().listeners[1].rules.emplace_back().priority = 7;
  now.load_balancers.front().listeners.push_back(listener("four", 85));
  take_back(rows, now);
  const auto& left = now.load_balancers.front().listeners;
  ASSERT_EQ(left.size(), 3u);
  EXPECT_EQ(left[1].port, 82);
  EXPECT_EQ(left[1].rules.size(), 1u);
  EXPECT_EQ(left[2].identity.id, "four");

  now.load_balancers.clear();
  take_back(rows, now);
  EXPECT_TRUE(now.load_balancers.empty());
}

}  // namespace
}  // namespace daruma::api
