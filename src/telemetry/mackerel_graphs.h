// SPDX-License-Identifier: Apache-2.0
//
// What Mackerel's own integration of ALB calls each figure (mackerel.io/docs, "AWS Integration -
// ALB"), and how its graphs look: one table for the figures that are pushed, for the graphs that
// are defined at Mackerel, and for `daruma mackerel-plugin`. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace daruma::telemetry {

struct MackerelMetric {
  std::string_view name;  // behind the graph's
  std::string_view label;
  bool stacked = false;
};

struct MackerelGraph {
  std::string_view name;  // behind the prefix "alb."; "#" stands for a target group's name
  std::string_view label;
  std::string_view unit;  // of Mackerel's: integer, float, bytes, seconds
  std::span<const MackerelMetric> metrics;
};

std::span<const MackerelGraph> mackerel_graphs();

inline constexpr std::string_view mackerel_prefix = "alb";

// What an agent's plugin prints where MACKEREL_AGENT_PLUGIN_META=1 is set: the line that it is
// known by, then JSON. The agent puts "custom." before the prefix.
std::string mackerel_plugin_meta(std::string_view prefix);

// The body of POST /api/v0/graph-defs/create.
std::string mackerel_graph_definitions();

}  // namespace daruma::telemetry
