// SPDX-License-Identifier: Apache-2.0
//
// From what the workers have counted to points: every 10 s the registry's sums are compared with
// those of the time before, and what was added is written under CloudWatch's names. docs/metrics.md
// has the table. A worker notices nothing: its counters are read.
//
// Control thread. The names and units here are AWS's ("CloudWatch metrics for your Application Load
// Balancer"); Daruma's own are in their own namespace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metrics/time_series.h"
#include "metrics/topology.h"
#include "telemetry/node_status.h"
#include "telemetry/registry.h"

namespace daruma::metrics {

// A rule, by the end of its ARN, as CloudWatch has it of load balancers and target groups:
// "listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee".
inline constexpr std::string_view rule_dimension = "Rule";

// What this node shows of itself besides.
struct NodeFigures {
  const telemetry::NodeStatus& status;
  const Topology& topology;
};

class Collector {
 public:
  static constexpr Seconds every{10};
  // Of all listeners, that have series of their own: those that are met first. Where one goes,
  // there is room for another.
  static constexpr size_t rules_max = 1'000;

  // Both outlive it.
  Collector(const telemetry::Registry& registry, TimeSeries& series);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // What was counted since the call before (or since the process began) is written as of the 10 s
  // that ended last before `now`, and the series are advanced to `now`.
  void collect(const NodeFigures& node, WallTime now);

 private:
  struct Round;
  template <class Labels, class Block>
  using Sums = std::map<Labels, std::unique_ptr<Block>>;
  using Listeners = Sums<telemetry::ListenerLabels, telemetry::ListenerCounters>;
  using Groups = Sums<telemetry::TargetGroupLabels, telemetry::TargetGroupCounters>;
  using Targets = Sums<telemetry::TargetLabels, telemetry::TargetCounters>;

  void collect_listeners(Round& round);
  void collect_rules(Round& round);
  void collect_groups(Round& round);
  void collect_targets(Round& round);
  void collect_health(Round& round);
  void collect_node(Round& round);

  const telemetry::Registry& registry_;
  TimeSeries& series_;
  Listeners listeners_;  // as they were the time before
  std::map<telemetry::ListenerLabels, telemetry::RuleTraffic> rules_;
  std::set<std::string> rules_shown_;  // by ARN
  Groups groups_;
  Targets targets_;
  std::map<telemetry::TargetLabels, bool> healthy_;
};

}  // namespace daruma::metrics
