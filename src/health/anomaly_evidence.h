// SPDX-License-Identifier: Apache-2.0
//
// What the requests to one target came to: how many, how many of them failed, how long the answers
// took. Values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "telemetry/histogram.h"

namespace daruma::health {

struct AnomalyEvidence {
  // Four classes of response times per power of two of microseconds.
  static constexpr int buckets_per_class = 8;
  static constexpr int time_classes = telemetry::Histogram::buckets / buckets_per_class;

  uint64_t requests = 0;  // that were answered, or failed at the target
  uint64_t errors = 0;    // 5xx, failed requests, connections that could not be opened
  uint64_t timed = 0;     // the sum of `times`
  std::array<uint64_t, time_classes> times{};

  void add(const AnomalyEvidence& other);
  void subtract(const AnomalyEvidence& other);
  // What has come since `before`; a counter that has begun anew counts from there.
  AnomalyEvidence since(const AnomalyEvidence& before) const;
};

// The longest of a class.
Duration bound_of(int time_class);

// How much `hits` of `total` speak against one chance for both them and the others: the logarithm
// of the likelihood ratio (the G statistic's half), which chance exceeds by x with a probability of
// about e^-x. 0 where the others have the larger share. (Wilks 1938.)
double evidence_of(double hits, double total, double others_hits, double others_total);

}  // namespace daruma::health
