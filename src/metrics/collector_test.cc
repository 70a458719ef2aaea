// SPDX-License-Identifier: Apache-2.0
#include "metrics/collector.h"

#include <gtest/gtest.h>

namespace daruma::metrics {
namespace {

constexpr WallTime start{std::chrono::hours(480'000)};

class CollectorTest : public testing::Test {
 protected:
  CollectorTest() {
    topology_.load_balancers["web"] = "app/web/1";
    topology_.groups["apache"] = {"targetgroup/apache/2", "app/web/1"};
  }

  void collect() {
    now_ += 10s;
    collector_.collect({status_, topology_}, now_);
  }
  // All points of the first hour together.
  Point total(std::string_view space, std::string_view name, std::vector<Dimension> dimensions) {
    Point sum;
    for (const Point& point :
         series_.read(SeriesKey::of(space, name, std::move(dimensions)), start, start + 1h, 10s))
      sum.merge(point);
    return sum;
  }
  telemetry::TargetStatus status_of(const char* target, model::HealthState state) {
    telemetry::TargetStatus status{{"apache", target, "az1"}, {}};
    status.health.state = state;
    return status;
  }

  const std::vector<Dimension> balancer_{{"LoadBalancer", "app/web/1"}};
  const std::vector<Dimension> group_{{"LoadBalancer", "app/web/1"},
                                      {"TargetGroup", "targetgroup/apache/2"}};
  telemetry::Registry registry_;
  TimeSeries series_;
  Collector collector_{registry_, series_};
  telemetry::NodeStatus status_;
  Topology topology_;
  WallTime now_ = start;
};

TEST_F(CollectorTest, adds_up_what_workers_and_listeners_count) {
  const auto first = registry_.add(telemetry::ListenerLabels{"web", 80});
  const auto second = registry_.add(telemetry::ListenerLabels{"web", 80});
  const auto tls = registry_.add(telemetry::ListenerLabels{"web", 443});
  first->tls_errors_total.add(1);
  second->tls_errors_total.add(2);
  collect();
  tls->tls_errors_total.add(4);
  tls->own_responses[4].add(3);
  tls->own_errors_made[1].add(2);
  tls->received_bytes_total.add(100);
  tls->sent_bytes_total.add(900);
  collect();
  collect();
  EXPECT_EQ(total(alb_namespace, "ClientTLSNegotiationErrorCount", balancer_), Point::of_events(7));
  EXPECT_EQ(total(alb_namespace, "HTTPCode_ELB_5XX_Count", balancer_).sum, 3);
  EXPECT_EQ(total(alb_namespace, "HTTPCode_ELB_502_Count", balancer_).sum, 2);
  EXPECT_EQ(total(alb_namespace, "HTTPCode_ELB_503_Count", balancer_).count, 0);
  EXPECT_EQ(total(alb_namespace, "ProcessedBytes", balancer_), Point::of_sample(1000));
}

std::shared_ptr<const model::RuleNames> rules_named(const std::string& kind, size_t count) {
  model::RuleNames names;
  for (size_t i = 0; i < count; ++i)
    names.push_back({"arn:aws:elb:region:account:listener-rule/" + kind + std::to_string(i), 1});
  return std::make_shared<const model::RuleNames>(std::move(names));
}

TEST_F(CollectorTest, counts_by_rule) {
  auto block = registry_.add({"web", 80}, rules_named("r", 2));
  block->requests[1].add(3);
  collect();
  block->requests[1].add(4);
  collect();
  const auto of = [this](const char* rule) {
    return total(own_namespace, "RuleRequestCount", {balancer_[0], {"Rule", rule}});
  };
  EXPECT_EQ(of("listener-rule/r1"), Point::of_events(7));
  EXPECT_EQ(of("listener-rule/r0").count, 0) << "not met, so it has no series";
  EXPECT_EQ(series_.list({.name = "RuleRequestCount"}).size(), 1u);
}

TEST_F(CollectorTest, of_very_many_rules_those_met_first_have_series_until_they_go) {
  auto block = registry_.add({"web", 80}, rules_named("r", Collector::rules_max));
  for (auto& counter : block->requests) counter.add(1);
  collect();
  auto other = registry_.add({"web", 81}, rules_named("other", 2));
  other->requests[0].add(1);
  block->requests[0].add(1);
  collect();
  EXPECT_EQ(series_.list({.name = "RuleRequestCount"}).size(), Collector::rules_max);
  block = registry_.add({"web", 80}, rules_named("r", Collector::rules_max - 1));
  other->requests[1].add(1);
  collect();
  EXPECT_EQ(series_.list({.name = "RuleRequestCount"}).size(), Collector::rules_max + 1);
}

TEST_F(CollectorTest, how_long_requests_waited) {
  const auto one = registry_.add(telemetry::TargetGroupLabels{"apache"});
  const auto other = registry_.add(telemetry::TargetGroupLabels{"apache"});
  for (int i = 0; i < 98; ++i) one->queue_wait.record(10ms);
  other->queue_wait.record(500ms);
  other->queue_wait.record(500ms);
  collect();
  collect();
  for (const auto& dimensions : {balancer_, group_}) {
    const Point waits = total(own_namespace, "QueueWaitTime", dimensions);
    EXPECT_EQ(waits.count, 100);
    EXPECT_NEAR(waits.percentile(50).value_or(0), 0.010, 0.0002);
    EXPECT_NEAR(waits.percentile(99).value_or(0), 0.500, 0.010);
  }
}

TEST_F(CollectorTest, a_series_that_begins_anew_is_no_negative_count) {
  auto block = registry_.add(telemetry::TargetGroupLabels{"apache"});
  block->requests_total.add(10);
  collect();
  block.reset();
  block = registry_.add(telemetry::TargetGroupLabels{"apache"});
  block->requests_total.add(4);
  collect();
  EXPECT_EQ(total(alb_namespace, "RequestCount", group_).sum, 14);
  EXPECT_EQ(total(alb_namespace, "RequestCount", balancer_).sum, 14);
}

TEST_F(CollectorTest, what_the_configuration_no_longer_has_is_not_written) {
  const auto block = registry_.add(telemetry::TargetLabels{"apache", "10.0.0.1:80", "az1"});
  collect();
  topology_.groups.clear();
  block->responses[1].add(5);
  collect();
  EXPECT_EQ(total(alb_namespace, "HTTPCode_Target_2XX_Count", group_).count, 0);
}

TEST_F(CollectorTest, targets_count_for_themselves_zone_group_and_balancer) {
  const auto block = registry_.add(telemetry::TargetLabels{"apache", "10.0.0.1:80", "az1"});
  const auto other = registry_.add(telemetry::TargetLabels{"apache", "10.0.0.2:80", "az2"});
  for (int i = 0; i < 98; ++i) block->response_time.record(10ms);
  other->response_time.record(2s);
  other->response_time.record(2s);
  block->responses[1].add(98);
  other->responses[4].add(2);
  block->connections_open.set(3);
  other->connections_open.set(4);
  collect();
  auto zone = group_;
  zone.push_back({"AvailabilityZone", "az1"});
  auto target = group_;
  target.push_back({"Target", "10.0.0.1:80"});
  EXPECT_EQ(total(alb_namespace, "HTTPCode_Target_2XX_Count", zone).sum, 98);
  EXPECT_EQ(total(own_namespace, "HTTPCode_Target_2XX_Count", target).sum, 98);
  EXPECT_EQ(total(alb_namespace, "HTTPCode_Target_5XX_Count", balancer_).sum, 2);
  EXPECT_EQ(total(own_namespace, "TargetPoolSize", group_), Point::of_sample(7));
  EXPECT_EQ(total(own_namespace, "TargetPoolSize", target), Point::of_sample(3));
  const Point times = total(alb_namespace, "TargetResponseTime", group_);
  EXPECT_EQ(times.count, 100);
  EXPECT_NEAR(times.sum, 98 * 0.010 + 4, 1e-9);
  EXPECT_NEAR(*times.percentile(50), 0.010, 0.0002);
  EXPECT_NEAR(*times.percentile(99), 2, 0.04);
  collect();
  EXPECT_EQ(total(alb_namespace, "TargetResponseTime", balancer_).count, 100);
}

TEST_F(CollectorTest, hosts_are_counted_as_aws_counts_them) {
  status_.targets = {status_of("10.0.0.1:80", model::HealthState::healthy),
                     status_of("10.0.0.2:80", model::HealthState::unhealthy),
                     status_of("10.0.0.3:80", model::HealthState::draining),
                     status_of("10.0.0.4:80", model::HealthState::unused)};
  const auto block = registry_.add(telemetry::TargetGroupLabels{"apache"});
  block->requests_total.add(12);
  collect();
  EXPECT_EQ(total(alb_namespace, "HealthyHostCount", group_), Point::of_sample(1));
  EXPECT_EQ(total(alb_namespace, "UnHealthyHostCount", group_), Point::of_sample(1));
  EXPECT_EQ(
      total(alb_namespace, "RequestCountPerTarget", {{"TargetGroup", "targetgroup/apache/2"}}),
      Point::of_sample(12));
  status_.targets[0] = status_of("10.0.0.1:80", model::HealthState::unhealthy);
  collect();
  EXPECT_EQ(total(own_namespace, "HealthFlipCount", balancer_).sum, 1);
}

TEST_F(CollectorTest, tells_of_the_node) {
  status_.config_revision = 7;
  status_.certificates = {{"site", start + std::chrono::days(21)}};
  collect();
  EXPECT_EQ(total(own_namespace, "ConfigurationRevision", {}), Point::of_sample(7));
  EXPECT_EQ(total(own_namespace, "CertificateDaysToExpiry", {{"Certificate", "site"}}),
            Point::of_sample(21));
}

}  // namespace
}  // namespace daruma::metrics
