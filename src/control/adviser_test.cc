// SPDX-License-Identifier: Apache-2.0
#include "control/adviser.h"

#include <gtest/gtest.h>

#include "control/letter_loop_for_test.h"

namespace daruma::control {
namespace {

struct AdviserTest : testing::Test {
  AdviserTest() {
    model::TargetGroup& app = snapshot.target_groups.emplace_back();
    app.name = "app";
    app.targets.push_back({.key = {"app", "127.0.0.2", 80}, .zone = "", .addresses = {}});
    model::Listener listener;
    listener.rules.push_back(
        {.priority = 0, .conditions = {}, .action = model::ForwardAction{{{.group = 0}}, 1}});
    for (const Duration timeout : {60s, 30s}) {
      model::LoadBalancer balancer;
      balancer.idle_timeout = timeout;
      balancer.listeners.push_back(listener);
      snapshot.load_balancers.push_back(balancer);
    }
  }
  std::string text() {
    return text_of(adviser.advice(snapshot, [this](const auto&) { return status; }));
  }
  void demand(uint64_t offered, uint64_t turned_away) {
    group->requests_total.add(offered);
    group->turned_away_total.add(turned_away);
    loop.run_for(Adviser::stretch);
  }

  const telemetry::TargetLabels labels{"app", "127.0.0.2:80", ""};
  LetterLoop loop;
  telemetry::Registry registry;
  std::shared_ptr<telemetry::TargetCounters> one = registry.add(labels);
  std::shared_ptr<telemetry::TargetCounters> other = registry.add(labels);
  std::shared_ptr<telemetry::TargetGroupCounters> group =
      registry.add(telemetry::TargetGroupLabels{"app"});
  model::Snapshot snapshot;
  model::ServerStatus status;
  Adviser adviser{loop, registry};
};

TEST_F(AdviserTest, has_nothing_to_say_of_a_target_without_habits) {
  EXPECT_EQ(text_of(std::vector<Advice>{}), text());
}

TEST_F(AdviserTest, a_habit_that_one_worker_has_seen_holds_for_all) {
  one->habits.server.set(static_cast<int64_t>(model::ServerKind::apache));
  one->habits.requests_limit.set(5);
  other->habits.idle_limit_ms.set(45'000);
  const std::string said = text();
  EXPECT_NE(said.find("Apache at 127.0.0.2:80 closes each connection after 5 requests"),
            std::string::npos)
      << said;
  // Of two load balancers it is the longer idle timeout that counts.
  EXPECT_NE(said.find("idle for 45.0 s (KeepAliveTimeout 45), below the load balancer's idle "
                      "timeout of 60 s"),
            std::string::npos)
      << said;
}

TEST_F(AdviserTest, remembers_the_worst_stretch_for_an_hour) {
  one->habits.learned_limit.set(12);
  other->habits.learned_limit.set(8);
  demand(400, 0);
  EXPECT_EQ(text_of(std::vector<Advice>{}), text());
  demand(965, 560);
  demand(600, 200);
  const std::string said = text();
  EXPECT_NE(said.find("serves at most 20 connections at once (its number of workers?): at the "
                      "worst time of the last hour 112 of 193 requests/s"),
            std::string::npos)
      << said;
  loop.run_for(Adviser::remembered);
  demand(400, 0);
  EXPECT_EQ(text_of(std::vector<Advice>{}), text());
}

TEST_F(AdviserTest, counts_that_begin_anew_are_no_demand) {
  one->habits.learned_limit.set(20);
  group->turned_away_total.add(1000);
  group->requests_total.add(2000);
  loop.run_for(Adviser::stretch);
  loop.run_for(Adviser::remembered + Adviser::stretch);
  group.reset();  // the workers let go of it
  loop.run_for(Adviser::stretch);
  group = registry.add(telemetry::TargetGroupLabels{"app"});
  demand(500, 0);
  EXPECT_EQ(text_of(std::vector<Advice>{}), text());
}

}  // namespace
}  // namespace daruma::control
