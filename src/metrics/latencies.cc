// SPDX-License-Identifier: Apache-2.0
#include "metrics/latencies.h"

namespace daruma::metrics {

Point latencies(const telemetry::Histogram& now, const telemetry::Histogram& before) {
  Point point;
  if (now.empty()) return point;
  for (int bucket = 0; bucket < telemetry::Histogram::buckets; ++bucket) {
    const uint64_t all = now.count(bucket);
    if (all == 0) continue;
    const uint64_t old = before.count(bucket);
    const uint64_t fresh = all >= old ? all - old : all;
    if (fresh == 0) continue;
    const double low = bucket == 0 ? 0 : seconds_of(telemetry::Histogram::upper_bound(bucket - 1));
    const double middle = (low + seconds_of(telemetry::Histogram::upper_bound(bucket))) / 2;
    const int32_t index = Distribution::index_of(middle);
    Point part{{},
               0,
               static_cast<double>(fresh),
               Distribution::middle_of(index),
               Distribution::middle_of(index),
               {}};
    part.distribution.append(index, fresh);
    point.merge(part);
  }
  point.sum = added(now.sum_us(), before.sum_us()) / 1e6;
  return point;
}

}  // namespace daruma::metrics
