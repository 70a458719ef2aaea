// SPDX-License-Identifier: Apache-2.0
//
// Gives the collector its turns, every ten seconds of the wall clock, with what the control side
// knows of the node. Control thread.
#pragma once

#include "control/controller.h"
#include "control/controller_backend.h"
#include "io/loop.h"
#include "metrics/collector.h"
#include "metrics/time_series.h"
#include "metrics/topology.h"
#include "model/snapshot.h"
#include "telemetry/registry.h"

namespace daruma::control {

// Whose a group is: the only load balancer whose rules name it. Pure.
metrics::Topology topology_of(const model::Snapshot& snapshot);

// All of it outlives the keeper.
struct MetricsKeeperContext {
  io::Loop& loop;
  Controller& controller;
  ControllerBackend& backend;
  const telemetry::Registry& registry;
  metrics::TimeSeries& series;
};

class MetricsKeeper final : private io::TimerHandler {
 public:
  // REQUIRES: the controller has a snapshot.
  explicit MetricsKeeper(const MetricsKeeperContext& context);
  MetricsKeeper(const MetricsKeeper&) = delete;
  MetricsKeeper& operator=(const MetricsKeeper&) = delete;

  // Once more, at the end: what was counted since the last turn.
  void collect();

 private:
  void on_timer(io::Timer& timer) override;
  void set_timer();

  const MetricsKeeperContext context_;
  metrics::Collector collector_;
  metrics::Topology topology_;
  uint64_t topology_revision_ = 0;
  io::Timer timer_;
};

}  // namespace daruma::control
