// SPDX-License-Identifier: Apache-2.0
//
// Adding blocks of counters up: over workers, and over workers that are gone. The sum's own thread
// (or lock) is the one that calls.
#pragma once

#include <map>
#include <memory>

#include "telemetry/counters.h"
#include "telemetry/registry.h"

namespace daruma::telemetry {

// What only grows: counters, responses by class, reasons, histograms.
void add_counters(ListenerCounters& sum, const ListenerCounters& part);
void add_counters(TargetGroupCounters& sum, const TargetGroupCounters& part);
void add_counters(TargetCounters& sum, const TargetCounters& part);
void add_counters(WorkerCounters& sum, const WorkerCounters& part);

// What says how things stand now.
void add_gauges(ListenerCounters& sum, const ListenerCounters& part);
void add_gauges(TargetGroupCounters& sum, const TargetGroupCounters& part);
void add_gauges(TargetCounters& sum, const TargetCounters& part);
void add_gauges(WorkerCounters& sum, const WorkerCounters& part);

// All blocks of each series, counters and gauges.
template <class Labels, class Block>
std::map<Labels, std::unique_ptr<Block>> sums_of(const Registry& registry) {
  std::map<Labels, std::unique_ptr<Block>> sums;
  registry.for_each([&sums](const Labels& labels, const Block& block) {
    std::unique_ptr<Block>& sum = sums[labels];
    if (!sum) sum = std::make_unique<Block>();
    add_counters(*sum, block);
    add_gauges(*sum, block);
  });
  return sums;
}

}  // namespace daruma::telemetry
