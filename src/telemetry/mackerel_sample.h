// SPDX-License-Identifier: Apache-2.0
//
// The figures of one interval, as Mackerel's integration of ALB counts them (mackerel_graphs.h):
// what was counted since the sample before, and how things stand now. Whoever takes samples is the
// only one to (control/mackerel_desk); workers notice nothing.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "telemetry/registry.h"

namespace daruma::telemetry {

// A load balancer as it stands.
struct MackerelView {
  struct Group {
    std::string name;
    uint64_t targets = 0;
    uint64_t healthy = 0;
    uint64_t unhealthy = 0;
    bool operator==(const Group&) const = default;
  };
  std::string load_balancer;
  std::string dns_name;
  std::vector<Group> groups;  // that its rules forward to
};

struct MackerelPoint {
  std::string name;  // "alb.request.count"
  double value = 0;
  bool operator==(const MackerelPoint&) const = default;
};

struct MackerelSample {
  std::string load_balancer;
  std::string dns_name;
  std::vector<MackerelPoint> points;

  const MackerelPoint* find(std::string_view name) const;
};

struct MackerelMinute {
  WallTime at{};  // when the interval ended
  std::vector<MackerelSample> load_balancers;
};

// A change of the configuration, for people.
struct ConfigurationChange {
  WallTime at{};
  uint64_t revision = 0;
  std::string text;
};

// Who is told of both.
class MackerelSink {
 public:
  virtual void on_minute(MackerelMinute minute) = 0;
  virtual void on_change(ConfigurationChange change) = 0;

 protected:
  ~MackerelSink() = default;
};

class MackerelSampler {
 public:
  // Empty the first time: nothing is known of what was before. Of a load balancer or a target that
  // was not there at the sample before, everything is counted. No figure of time where nobody was
  // answered.
  std::vector<MackerelSample> take(const Registry& registry,
                                   const std::vector<MackerelView>& views);

 private:
  using Buckets = std::vector<std::pair<int, uint64_t>>;  // that are not 0, ascending
  struct Listener {
    std::array<uint64_t, 5> responses{};
    std::array<uint64_t, 5> own_responses{};
    uint64_t bytes = 0;
    uint64_t connections = 0;
    uint64_t connections_active = 0;
    uint64_t rejected = 0;
    uint64_t tls_errors = 0;
  };
  struct Target {
    std::array<uint64_t, 5> responses{};
    uint64_t connections = 0;
    uint64_t connections_active = 0;
    uint64_t connection_errors = 0;
    uint64_t tls_errors = 0;
    uint64_t time_us = 0;
    Buckets times;
  };
  struct Counts {
    std::map<ListenerLabels, Listener> listeners;
    std::map<std::string, uint64_t> group_requests;
    std::map<TargetLabels, Target> targets;
  };
  struct Totals;  // of a group, or a load balancer, over the interval

  class Writer;

  static Counts count(const Registry& registry);
  static std::map<std::string, Totals> groups_since(const Counts& before, const Counts& now);
  static std::map<std::string, Totals> balancers_since(const Counts& before, const Counts& now);

  Counts counts_;  // at the sample before
  bool begun_ = false;
};

}  // namespace daruma::telemetry
