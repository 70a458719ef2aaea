// SPDX-License-Identifier: Apache-2.0
//
// Adding blocks of counters up: over workers, and over workers that are gone. The sum's own thread
// (or lock) is the one that calls.
#pragma once

#include "telemetry/counters.h"

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

}  // namespace daruma::telemetry
