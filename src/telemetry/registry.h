// SPDX-License-Identifier: Apache-2.0
//
// Where workers' counter blocks meet their names, so that the telemetry thread can read them.
// Thread-safe; used when a snapshot is adopted, never per request. A block lives as long as its
// worker holds it. While some worker still holds a block of a series, what the others had counted
// before they let go stays in its sum (else the sum would fall, which a monitoring system takes for
// a restart); when all have let go, the series disappears from the metrics.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "model/target.h"
#include "telemetry/counters.h"
#include "telemetry/log_file_key.h"
#include "telemetry/rule_traffic.h"

namespace daruma::telemetry {

struct ListenerLabels {
  std::string load_balancer;
  uint16_t port = 0;
  auto operator<=>(const ListenerLabels&) const = default;
};
struct TargetGroupLabels {
  std::string target_group;
  auto operator<=>(const TargetGroupLabels&) const = default;
};
struct TargetLabels {
  std::string target_group;
  std::string target;  // "127.0.0.2:8443"
  std::string zone;
  auto operator<=>(const TargetLabels&) const = default;
};
struct WorkerLabels {
  uint32_t worker = 0;
  auto operator<=>(const WorkerLabels&) const = default;
};

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // A fresh block of the caller's own, zeroed. It may outlive the registry.
  std::shared_ptr<ListenerCounters> add(const ListenerLabels& labels);
  std::shared_ptr<TargetGroupCounters> add(const TargetGroupLabels& labels);
  std::shared_ptr<TargetCounters> add(const TargetLabels& labels);
  std::shared_ptr<WorkerCounters> add(const WorkerLabels& labels);
  // Of a listener's rules. When they change, the worker lets go of the block and takes another.
  std::shared_ptr<RuleCounters> add(const ListenerLabels& labels,
                                    const std::shared_ptr<const model::RuleNames>& rules);

  // A probe of this target has ended: all its living blocks remember it. A look-up.
  void note_probe(const TargetLabels& labels, model::ProbeOutcome outcome, Instant now);

  // The number of a log file for LogRing::push; the same key gives the same number.
  uint32_t log_file(const LogFileKey& key);
  LogFileKey log_file_key(uint32_t file) const;  // REQUIRES: log_file() gave that number

  // Calls f(labels, block) for every block that counts: the living ones, and per series one that
  // holds the counters (not the gauges) of those let go. Several blocks may have equal labels; who
  // wants one number adds them up. f runs without the registry's lock, so workers never wait for
  // it.
  void for_each(const std::function<void(const ListenerLabels&, const ListenerCounters&)>& f) const;
  void for_each(
      const std::function<void(const TargetGroupLabels&, const TargetGroupCounters&)>& f) const;
  void for_each(const std::function<void(const TargetLabels&, const TargetCounters&)>& f) const;
  void for_each(const std::function<void(const WorkerLabels&, const WorkerCounters&)>& f) const;

  // Of the rules that each listener has now, all workers' together; what was counted by those let
  // go is in it. One thread at a time; workers never wait for it.
  std::map<ListenerLabels, RuleTraffic> rule_traffic() const;

  // Calls f for each block of this target, and for what those let go have counted. A look-up. f
  // runs under the registry's lock, so it only reads.
  void for_each_of(const TargetLabels& labels,
                   const std::function<void(const TargetCounters&)>& f) const;
  // Responses by class that this target has given, over all its blocks; zeros if it has none. A
  // look-up, so that the prober can ask before and after each probe of a thousand targets.
  std::array<uint64_t, 5> responses_of(const TargetLabels& labels) const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the blocks, which report their end to it
};

}  // namespace daruma::telemetry
