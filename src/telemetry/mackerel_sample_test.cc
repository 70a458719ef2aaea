// SPDX-License-Identifier: Apache-2.0
#include "telemetry/mackerel_sample.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "telemetry/mackerel_graphs.h"

namespace daruma::telemetry {
namespace {

const MackerelView web{"web", "web.daruma.internal", {{"shop", 4, 3, 1}}};

double value_of(const MackerelSample& sample, std::string_view name) {
  const MackerelPoint* point = sample.find(name);
  return point ? point->value : -1;
}

TEST(MackerelSampler, the_first_sample_knows_of_no_time_before) {
  Registry registry;
  const auto listener = registry.add(ListenerLabels{"web", 80});
  listener->connections_total.add(5);
  MackerelSampler sampler;
  EXPECT_TRUE(sampler.take(registry, {web}).empty());
  listener->connections_total.add(2);
  EXPECT_EQ(value_of(sampler.take(registry, {web}).at(0), "alb.connection_count.new"), 2);
}

TEST(MackerelSampler, counts_as_the_integration_does) {
  Registry registry;
  MackerelSampler sampler;
  sampler.take(registry, {web});
  const auto plain = registry.add(ListenerLabels{"web", 80});
  const auto secure = registry.add(ListenerLabels{"web", 443});
  const auto other = registry.add(ListenerLabels{"other", 81});
  const auto group = registry.add(TargetGroupLabels{"shop"});
  const auto target = registry.add(TargetLabels{"shop", "127.0.0.2:80", "a"});
  plain->responses[1].add(7);
  secure->responses[4].add(3);
  secure->own_responses[4].add(2);
  plain->received_bytes_total.add(100);
  secure->sent_bytes_total.add(50);
  plain->connections_active.set(4);
  secure->tls_errors_total.add(6);
  other->responses[1].add(1000);
  group->requests_total.add(8);
  target->responses[1].add(7);
  target->responses[4].add(1);
  target->connections_open.set(2);
  target->connection_errors_total.add(9);
  for (int i = 1; i <= 100; ++i) target->response_time.record(std::chrono::milliseconds(i));

  const auto sample = sampler.take(registry, {web}).at(0);
  EXPECT_EQ(value_of(sample, "alb.request.count"), 8);
  EXPECT_EQ(value_of(sample, "alb.bytes.processed"), 150);
  EXPECT_EQ(value_of(sample, "alb.httpcode_count.target_2xx"), 7);
  EXPECT_EQ(value_of(sample, "alb.httpcode_count.target_5xx"), 1);
  EXPECT_EQ(value_of(sample, "alb.httpcode_count.alb_5xx"), 2);
  EXPECT_EQ(value_of(sample, "alb.concurrent_connection_count.active"), 6);
  EXPECT_EQ(value_of(sample, "alb.tls_negotiation_error_count.client"), 6);
  EXPECT_EQ(value_of(sample, "alb.connection_error_count.target"), 9);
  EXPECT_NEAR(value_of(sample, "alb.response.time"), 0.0505, 0.0001);
  EXPECT_NEAR(value_of(sample, "alb.response.time_p90"), 0.090, 0.090 * 0.02);
  EXPECT_NEAR(value_of(sample, "alb.response.time_p99"), 0.099, 0.099 * 0.02);
  EXPECT_EQ(value_of(sample, "alb.request_per_group.shop.count"), 8);
  EXPECT_EQ(value_of(sample, "alb.request_average_per_target.shop.average"), 2);
  EXPECT_EQ(value_of(sample, "alb.httpcode_count_per_group.shop.target_5xx"), 1);
  EXPECT_EQ(value_of(sample, "alb.host_count.shop.healthy"), 3);
  EXPECT_EQ(value_of(sample, "alb.host_count.shop.unhealthy"), 1);

  // In the next minute nobody asks: counts are 0, and there is nothing to say of times.
  const auto idle = sampler.take(registry, {web}).at(0);
  EXPECT_EQ(value_of(idle, "alb.request.count"), 0);
  EXPECT_EQ(value_of(idle, "alb.concurrent_connection_count.active"), 6);
  EXPECT_EQ(idle.find("alb.response.time"), nullptr);
}

TEST(MackerelSampler, a_target_that_went_takes_nothing_from_the_others) {
  Registry registry;
  MackerelSampler sampler;
  auto leaves = registry.add(TargetLabels{"shop", "127.0.0.2:80", "a"});
  const auto stays = registry.add(TargetLabels{"shop", "127.0.0.3:80", "a"});
  leaves->responses[1].add(1000);
  stays->responses[1].add(10);
  sampler.take(registry, {web});
  leaves.reset();
  stays->responses[1].add(5);
  const auto sample = sampler.take(registry, {web}).at(0);
  EXPECT_EQ(value_of(sample, "alb.httpcode_count_per_group.shop.target_2xx"), 5);
}

// 21 and 13 per group, without the three of capacity units, which nobody is billed for here.
TEST(MackerelSampler, every_figure_has_a_graph_and_every_graph_a_figure) {
  Registry registry;
  MackerelSampler sampler;
  sampler.take(registry, {web});
  const auto target = registry.add(TargetLabels{"shop", "127.0.0.2:80", "a"});
  target->response_time.record(1ms);
  std::set<std::string> sampled;
  const MackerelSample sample = sampler.take(registry, {web}).at(0);
  for (const MackerelPoint& point : sample.points) {
    sampled.insert(std::regex_replace(point.name, std::regex("\\.shop\\."), ".#."));
  }
  std::set<std::string> graphed;
  for (const MackerelGraph& graph : mackerel_graphs()) {
    for (const MackerelMetric& metric : graph.metrics)
      graphed.insert("alb." + std::string(graph.name) + "." + std::string(metric.name));
  }
  EXPECT_EQ(sampled, graphed);
  EXPECT_EQ(sampled.size(), 18u + 13u);
}

TEST(MackerelGraphs, are_what_agent_and_api_read) {
  const std::string meta = mackerel_plugin_meta("alb");
  EXPECT_TRUE(meta.starts_with("# mackerel-agent-plugin\n"));
  const auto json = nlohmann::json::parse(meta.substr(meta.find('\n') + 1));
  EXPECT_EQ(json["graphs"]["alb.httpcode_count"]["metrics"][0]["name"], "target_2xx");
  EXPECT_EQ(json["graphs"]["alb.httpcode_count"]["metrics"][0]["stacked"], true);
  const auto definitions = nlohmann::json::parse(mackerel_graph_definitions());
  for (const auto& graph : definitions) {
    EXPECT_TRUE(graph["name"].get<std::string>().starts_with("custom.alb."));
    for (const auto& metric : graph["metrics"]) {
      EXPECT_TRUE(metric["name"].get<std::string>().starts_with(graph["name"].get<std::string>()));
    }
  }
}

}  // namespace
}  // namespace daruma::telemetry
