// SPDX-License-Identifier: Apache-2.0
#include "console/figures.h"

#include <gtest/gtest.h>

namespace daruma::console {
namespace {

struct FiguresTest : testing::Test {
  FiguresTest() {
    topology.load_balancers["web"] = "app/web/1";
    topology.groups["apache"] = {"targetgroup/apache/2", "app/web/1"};
  }
  Figures look(Duration after) {
    now += after;
    return meter.look(topology, now);
  }

  telemetry::Registry registry;
  metrics::Topology topology;
  FigureMeter meter{registry};
  Instant now = Instant{} + 1h;
};

TEST_F(FiguresTest, are_what_was_gained_between_two_looks) {
  const auto one = registry.add(telemetry::ListenerLabels{"web", 80});
  const auto other = registry.add(telemetry::ListenerLabels{"web", 80});  // another worker's
  const auto tls = registry.add(telemetry::ListenerLabels{"web", 443});
  one->requests_total.add(1000);
  meter.begin(now);
  one->requests_total.add(3);
  other->requests_total.add(2);
  tls->requests_total.add(5);
  tls->connections_active.add(4);
  one->own_responses[telemetry::status_class(503)].add(2);
  one->reasons[static_cast<size_t>(model::Reason::target_group_saturated)].add(2);
  const Figures figures = look(2s);
  EXPECT_EQ(figures.seconds, 2);
  const BalancerFigures& web = figures.load_balancers.at("web");
  EXPECT_EQ(web.requests, 5);
  EXPECT_EQ(web.requests_total, 1010u);
  EXPECT_EQ(web.connections, 4u);
  EXPECT_EQ(web.own_responses[4], 1);
  EXPECT_EQ(web.reasons[static_cast<size_t>(model::Reason::target_group_saturated)], 1);
  EXPECT_EQ(figures.listeners.at({"web", 80}).requests, 2.5);
  EXPECT_EQ(figures.listeners.at({"web", 80}).own_errors, 1);
  EXPECT_EQ(look(1s).load_balancers.at("web").requests, 0);
}

std::shared_ptr<const model::RuleNames> rules_named(size_t count) {
  model::RuleNames names;
  for (size_t i = 0; i < count; ++i) names.push_back({std::to_string(i), 1});
  return std::make_shared<const model::RuleNames>(std::move(names));
}

TEST_F(FiguresTest, of_rules_that_were_met) {
  const auto rules = registry.add({"web", 80}, rules_named(3));
  rules->requests[0].add(7);
  meter.begin(now);
  rules->requests[1].add(4);
  const Figures figures = look(2s);
  EXPECT_EQ(figures.rules.size(), 2u);
  EXPECT_EQ(figures.rules.at("0").requests, 0);
  EXPECT_EQ(figures.rules.at("0").requests_total, 7u);
  EXPECT_EQ(figures.rules.at("1").requests, 2);
  EXPECT_FALSE(figures.rules_left_out);
}

TEST_F(FiguresTest, of_very_many_rules_those_met_most) {
  const auto rules = registry.add({"web", 80}, rules_named(FigureMeter::rules_most + 2));
  for (auto& counter : rules->requests) counter.add(1);
  meter.begin(now);
  rules->requests.back().add(1);
  const Figures figures = look(1s);
  EXPECT_EQ(figures.rules.size(), FigureMeter::rules_most);
  EXPECT_TRUE(figures.rules_left_out);
  EXPECT_EQ(figures.rules.at(std::to_string(FigureMeter::rules_most + 1)).requests, 1);
}

TEST_F(FiguresTest, how_long_requests_waited) {
  const auto group = registry.add(telemetry::TargetGroupLabels{"apache"});
  meter.begin(now);
  group->queue_wait.record(80ms);
  const auto wait = look(1s).groups.at("apache").wait;
  ASSERT_TRUE(wait);
  EXPECT_NEAR(wait->p50, 0.080, 0.0016);
}

TEST_F(FiguresTest, of_groups_and_targets) {
  const auto group = registry.add(telemetry::TargetGroupLabels{"apache"});
  const auto target = registry.add(telemetry::TargetLabels{"apache", "127.0.0.2:80", "zone-a"});
  meter.begin(now);
  group->requests_total.add(7);
  group->waiting.add(3);
  group->turned_away_total.add(1);
  target->requests_total.add(6);
  target->requests_in_flight.add(2);
  target->learned_limit.set(5);
  target->responses[1].add(6);
  const Figures figures = look(1s);
  EXPECT_EQ(figures.groups.at("apache").requests, 7);
  EXPECT_EQ(figures.groups.at("apache").waiting, 3u);
  EXPECT_EQ(figures.groups.at("apache").turned_away, 1);
  const TargetFigures& its = figures.targets.at({"apache", "127.0.0.2:80"});
  EXPECT_EQ(its.requests, 6);
  EXPECT_EQ(its.responses[1], 6);
  EXPECT_EQ(its.in_flight, 2u);
  EXPECT_EQ(its.learned_limit, 5u);
  EXPECT_FALSE(its.latency);
}

TEST_F(FiguresTest, percentiles_are_of_the_last_looks) {
  const auto target = registry.add(telemetry::TargetLabels{"apache", "127.0.0.2:80", ""});
  target->response_time.record(1h);  // before anybody looked
  meter.begin(now);
  for (int i = 0; i < 98; ++i) target->response_time.record(10ms);
  target->response_time.record(500ms);
  target->response_time.record(500ms);
  for (size_t i = 0; i < FigureMeter::looks_kept; ++i) {
    const Figures figures = look(1s);
    for (const auto& latency :
         {figures.targets.at({"apache", "127.0.0.2:80"}).latency,
          figures.groups.at("apache").latency, figures.load_balancers.at("web").latency}) {
      ASSERT_TRUE(latency) << i;
      EXPECT_NEAR(latency->p50, 0.010, 0.0002);
      EXPECT_NEAR(latency->p99, 0.500, 0.010);
    }
  }
  EXPECT_FALSE(look(1s).targets.at({"apache", "127.0.0.2:80"}).latency);
}

TEST_F(FiguresTest, a_series_that_begins_anew_counts_from_nothing) {
  auto target = registry.add(telemetry::TargetLabels{"apache", "127.0.0.2:80", ""});
  target->requests_total.add(100);
  meter.begin(now);
  target.reset();
  target = registry.add(telemetry::TargetLabels{"apache", "127.0.0.2:80", ""});
  target->requests_total.add(4);
  EXPECT_EQ(look(1s).targets.at({"apache", "127.0.0.2:80"}).requests, 4);
}

TEST_F(FiguresTest, a_group_of_several_load_balancers_is_none_of_theirs) {
  topology.groups["apache"].load_balancer = "";
  const auto target = registry.add(telemetry::TargetLabels{"apache", "127.0.0.2:80", ""});
  meter.begin(now);
  target->response_time.record(10ms);
  const Figures figures = look(1s);
  EXPECT_TRUE(figures.groups.at("apache").latency);
  EXPECT_FALSE(figures.load_balancers.contains("web"));
}

}  // namespace
}  // namespace daruma::console
