// SPDX-License-Identifier: Apache-2.0
#include "health/anomaly_evidence.h"

#include <cmath>

#include "base/check.h"

namespace daruma::health {
namespace {

uint64_t grown(uint64_t before, uint64_t now) {
  return now >= before ? now - before : now;
}

// The likelihood of so many hits where each has the chance p, as its logarithm.
double log_likelihood(uint64_t hits, uint64_t total, double p) {
  double sum = 0;
  if (hits > 0) sum += static_cast<double>(hits) * std::log(p);
  if (hits < total) sum += static_cast<double>(total - hits) * std::log(1 - p);
  return sum;
}

double share(uint64_t hits, uint64_t total) {
  return static_cast<double>(hits) / static_cast<double>(total);
}

}  // namespace

void AnomalyEvidence::add(const AnomalyEvidence& other) {
  requests += other.requests;
  errors += other.errors;
  timed += other.timed;
  for (size_t i = 0; i < times.size(); ++i) times[i] += other.times[i];
}

void AnomalyEvidence::subtract(const AnomalyEvidence& other) {
  requests -= other.requests;
  errors -= other.errors;
  timed -= other.timed;
  for (size_t i = 0; i < times.size(); ++i) times[i] -= other.times[i];
}

AnomalyEvidence AnomalyEvidence::since(const AnomalyEvidence& before) const {
  AnomalyEvidence difference;
  difference.requests = grown(before.requests, requests);
  difference.errors = grown(before.errors, errors);
  for (size_t i = 0; i < times.size(); ++i) {
    difference.times[i] = grown(before.times[i], times[i]);
    difference.timed += difference.times[i];
  }
  return difference;
}

int AnomalyEvidence::median_class() const {
  DARUMA_ASSERT(timed > 0);
  uint64_t seen = 0;
  for (int i = 0; i < time_classes; ++i) {
    seen += times[static_cast<size_t>(i)];
    if (2 * seen >= timed) return i;
  }
  return time_classes - 1;
}

uint64_t AnomalyEvidence::slower_than(int time_class) const {
  uint64_t slower = 0;
  for (size_t i = static_cast<size_t>(time_class) + 1; i < times.size(); ++i) slower += times[i];
  return slower;
}

Duration bound_of(int time_class) {
  return telemetry::Histogram::upper_bound((time_class + 1) * AnomalyEvidence::buckets_per_class -
                                           1);
}

double evidence_of(uint64_t hits, uint64_t total, uint64_t others_hits, uint64_t others_total) {
  if (total == 0 || others_total == 0) return 0;
  const double its = share(hits, total);
  const double others = share(others_hits, others_total);
  if (its <= others) return 0;
  const double both = share(hits + others_hits, total + others_total);
  return log_likelihood(hits, total, its) + log_likelihood(others_hits, others_total, others) -
         log_likelihood(hits, total, both) - log_likelihood(others_hits, others_total, both);
}

}  // namespace daruma::health
