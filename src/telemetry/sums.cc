// SPDX-License-Identifier: Apache-2.0
#include "telemetry/sums.h"

namespace daruma::telemetry {
namespace {

void grow(Counter& sum, const Counter& part) {
  sum.add(part.value());
}
void grow(Gauge&, const Gauge&) {}

template <size_t n>
void grow(std::array<Counter, n>& sum, const std::array<Counter, n>& part) {
  for (size_t i = 0; i < n; ++i) grow(sum[i], part[i]);
}

void level(Counter&, const Counter&) {}
void level(Gauge& sum, const Gauge& part) {
  sum.add(part.value());
}

}  // namespace

#define X(kind, name, meaning) grow(sum.name, part.name);
void add_counters(ListenerCounters& sum, const ListenerCounters& part) {
  DARUMA_LISTENER_METRICS(X)
  grow(sum.responses, part.responses);
  grow(sum.own_responses, part.own_responses);
  grow(sum.own_errors_made, part.own_errors_made);
  grow(sum.reasons, part.reasons);
}
void add_counters(TargetGroupCounters& sum, const TargetGroupCounters& part) {
  DARUMA_TARGET_GROUP_METRICS(X)
  sum.queue_wait.add(part.queue_wait);
}
void add_counters(TargetCounters& sum, const TargetCounters& part) {
  DARUMA_TARGET_METRICS(X)
  grow(sum.responses, part.responses);
  sum.response_time.add(part.response_time);
}
void add_counters(WorkerCounters& sum, const WorkerCounters& part) {
  DARUMA_WORKER_METRICS(X)
  sum.adoption_time.add(part.adoption_time);
}
#undef X

#define X(kind, name, meaning) level(sum.name, part.name);
void add_gauges(ListenerCounters& sum, const ListenerCounters& part) {
  DARUMA_LISTENER_METRICS(X)
}
void add_gauges(TargetGroupCounters& sum, const TargetGroupCounters& part) {
  DARUMA_TARGET_GROUP_METRICS(X)
}
void add_gauges(TargetCounters& sum, const TargetCounters& part) {
  DARUMA_TARGET_METRICS(X)
}
void add_gauges(WorkerCounters& sum, const WorkerCounters& part) {
  DARUMA_WORKER_METRICS(X)
}
#undef X

}  // namespace daruma::telemetry
