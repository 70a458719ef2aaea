// SPDX-License-Identifier: Apache-2.0
#include "telemetry/mackerel_graphs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace daruma::telemetry {
namespace {

using Json = nlohmann::ordered_json;

constexpr MackerelMetric request[] = {{"count", "Requests"}};
constexpr MackerelMetric bytes[] = {{"processed", "Processed"}};
constexpr MackerelMetric codes[] = {
    {"target_2xx", "Target 2xx", true}, {"target_3xx", "Target 3xx", true},
    {"target_4xx", "Target 4xx", true}, {"target_5xx", "Target 5xx", true},
    {"alb_4xx", "ALB 4xx", true},       {"alb_5xx", "ALB 5xx", true}};
constexpr MackerelMetric concurrent[] = {{"active", "Active"}};
constexpr MackerelMetric connections[] = {{"new", "New"}, {"rejected", "Rejected"}};
constexpr MackerelMetric times[] = {
    {"time", "Average"}, {"time_p90", "p90"}, {"time_p95", "p95"}, {"time_p99", "p99"}};
constexpr MackerelMetric tls_errors[] = {{"client", "Client"}, {"target", "Target"}};
constexpr MackerelMetric connection_errors[] = {{"target", "Target"}};
constexpr MackerelMetric group_requests[] = {{"count", "%1"}};
constexpr MackerelMetric group_average[] = {{"average", "%1"}};
constexpr MackerelMetric group_codes[] = {{"target_2xx", "2xx", true},
                                          {"target_3xx", "3xx", true},
                                          {"target_4xx", "4xx", true},
                                          {"target_5xx", "5xx", true}};
constexpr MackerelMetric group_tls_errors[] = {{"count", "%1"}};
constexpr MackerelMetric hosts[] = {{"healthy", "Healthy", true}, {"unhealthy", "Unhealthy", true}};

constexpr MackerelGraph graphs[] = {
    {"request", "Request Count", "integer", request},
    {"bytes", "Processed Bytes", "bytes", bytes},
    {"httpcode_count", "HTTP Code Count", "integer", codes},
    {"concurrent_connection_count", "Concurrent Connection Count", "integer", concurrent},
    {"connection_count", "Connection Count", "integer", connections},
    {"response", "Target Response Time", "seconds", times},
    {"tls_negotiation_error_count", "TLS Negotiation Error Count", "integer", tls_errors},
    {"connection_error_count", "Target Connection Error Count", "integer", connection_errors},
    {"request_per_group.#", "Request Count per Target Group", "integer", group_requests},
    {"request_average_per_target.#", "Request Average per Target", "float", group_average},
    {"httpcode_count_per_group.#", "HTTP Code Count per Target Group", "integer", group_codes},
    {"response_per_group.#", "Target Response Time per Target Group", "seconds", times},
    {"tls_negotiation_error_count_per_group.#", "TLS Negotiation Error Count per Target Group",
     "integer", group_tls_errors},
    {"host_count.#", "Host Count", "integer", hosts},
};

}  // namespace

std::span<const MackerelGraph> mackerel_graphs() {
  return graphs;
}

std::string mackerel_plugin_meta(std::string_view prefix) {
  Json all = Json::object();
  for (const MackerelGraph& graph : graphs) {
    Json metrics = Json::array();
    for (const MackerelMetric& metric : graph.metrics) {
      metrics.push_back(
          {{"name", metric.name}, {"label", metric.label}, {"stacked", metric.stacked}});
    }
    all[fmt::format("{}.{}", prefix, graph.name)] = {
        {"label", graph.label}, {"unit", graph.unit}, {"metrics", std::move(metrics)}};
  }
  return "# mackerel-agent-plugin\n" + Json{{"graphs", std::move(all)}}.dump() + "\n";
}

std::string mackerel_graph_definitions() {
  Json all = Json::array();
  for (const MackerelGraph& graph : graphs) {
    const std::string name = fmt::format("custom.{}.{}", mackerel_prefix, graph.name);
    Json metrics = Json::array();
    for (const MackerelMetric& metric : graph.metrics) {
      metrics.push_back({{"name", fmt::format("{}.{}", name, metric.name)},
                         {"displayName", metric.label},
                         {"isStacked", metric.stacked}});
    }
    all.push_back({{"name", name},
                   {"displayName", graph.label},
                   {"unit", graph.unit},
                   {"metrics", std::move(metrics)}});
  }
  return all.dump();
}

}  // namespace daruma::telemetry
