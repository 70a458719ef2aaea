// SPDX-License-Identifier: Apache-2.0
//
// What the node does now: what the workers' counters gained between two looks, a second apart, by
// load balancer, listener, target group and target. Latencies are those of the last ten looks, so
// that percentiles are of some number of requests. Control thread; who counts notices no more than
// that a cache line was read.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "metrics/point.h"
#include "metrics/topology.h"
#include "model/reason.h"
#include "telemetry/registry.h"

namespace daruma::console {

// Rates are by second; totals since the workers began to count.
using ByClass = std::array<double, 5>;  // 1xx … 5xx

struct Percentiles {
  double p50 = 0;  // seconds
  double p99 = 0;
};

struct ListenerFigures {
  double requests = 0;
  double own_errors = 0;  // 4xx and 5xx that Daruma made
  uint64_t connections = 0;
};
struct RuleFigures {
  double requests = 0;
  uint64_t requests_total = 0;
};
struct BalancerFigures {
  double requests = 0;
  uint64_t requests_total = 0;
  ByClass responses{};
  ByClass own_responses{};
  std::array<double, model::reason_count> reasons{};
  uint64_t connections = 0;
  uint64_t upgraded = 0;
  double received_bytes = 0;
  double sent_bytes = 0;
  std::optional<Percentiles> latency{};  // of the groups that no other load balancer uses
};
struct GroupFigures {
  double requests = 0;
  uint64_t requests_total = 0;
  double waited = 0;
  double turned_away = 0;
  double retries = 0;
  double fail_open = 0;
  uint64_t waiting = 0;
  std::optional<Percentiles> latency{};
  std::optional<Percentiles> wait{};  // of requests that had to
};
struct TargetFigures {
  double requests = 0;
  uint64_t requests_total = 0;
  ByClass responses{};
  double failures = 0;
  double connections = 0;
  double reuses = 0;
  double connection_errors = 0;
  double handshakes = 0;
  double resumptions = 0;
  uint64_t in_flight = 0;
  uint64_t open = 0;
  uint64_t idle = 0;
  uint64_t learned_limit = 0;
  bool slow_starting = false;
  std::optional<Percentiles> latency{};
};

struct Figures {
  double seconds = 0;  // between the two looks
  uint64_t exchanges_active = 0;
  std::map<std::string, BalancerFigures> load_balancers;
  std::map<telemetry::ListenerLabels, ListenerFigures> listeners;
  std::map<std::string, RuleFigures> rules;  // by ARN; those that were met
  bool rules_left_out = false;               // too many were: those met most of late are there
  std::map<std::string, GroupFigures> groups;
  std::map<std::pair<std::string, std::string>, TargetFigures> targets;  // by group and target
};

class FigureMeter {
 public:
  static constexpr size_t looks_kept = 10;     // for latencies
  static constexpr size_t rules_most = 2'000;  // that are shown

  // The registry outlives it.
  explicit FigureMeter(const telemetry::Registry& registry);
  ~FigureMeter();
  FigureMeter(const FigureMeter&) = delete;
  FigureMeter& operator=(const FigureMeter&) = delete;

  // Looks for the first time: what was counted before is not shown.
  void begin(Instant now);
  // Nobody asks for now: lets go of what was counted.
  void rest();
  // REQUIRES: begin() came before, at an earlier time.
  Figures look(const metrics::Topology& topology, Instant now);

 private:
  struct Sums;
  struct Recent {  // of the last looks
    std::deque<metrics::Point> points;
    bool used = false;
    std::optional<Percentiles> take(metrics::Point point);
  };
  using TargetName = std::pair<std::string, std::string>;

  void add_listeners(Figures& figures) const;
  void add_rules(Figures& figures) const;
  void add_groups(Figures& figures);
  void add_targets(const metrics::Topology& topology, Figures& figures);

  const telemetry::Registry& registry_;
  std::unique_ptr<Sums> before_;
  std::unique_ptr<Sums> now_;
  Instant looked_{};
  double seconds_ = 1;
  std::map<TargetName, Recent> of_targets_;
  std::map<std::string, Recent> of_groups_;
  std::map<std::string, Recent> waits_;  // of groups
  std::map<std::string, Recent> of_balancers_;
};

}  // namespace daruma::console
