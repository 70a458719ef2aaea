// SPDX-License-Identifier: Apache-2.0
//
// What counters and histograms took in between two looks at them. Pure.
#pragma once

#include <cstdint>

#include "metrics/point.h"
#include "telemetry/histogram.h"

namespace daruma::metrics {

// A series that began anew (its last block went, and it came back) counts from 0.
inline double added(uint64_t now, uint64_t before) {
  return static_cast<double>(now >= before ? now - before : now);
}

// In seconds; least and greatest by bucket, sum to the microsecond.
Point latencies(const telemetry::Histogram& now, const telemetry::Histogram& before);

}  // namespace daruma::metrics
