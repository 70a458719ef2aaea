// SPDX-License-Identifier: Apache-2.0
#include "health/anomaly_evidence.h"

#include <algorithm>
#include <cmath>

namespace daruma::health {
namespace {

uint64_t grown(uint64_t before, uint64_t now) {
  return now >= before ? now - before : now;
}

// The likelihood of so many hits where each has the chance p, as its logarithm.
double log_likelihood(double hits, double total, double p) {
  double sum = 0;
  if (hits > 0) sum += hits * std::log(p);
  if (hits < total) sum += (total - hits) * std::log(1 - p);
  return sum;
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
  // A 5xx that breaks off is one error.
  difference.errors = std::min(grown(before.errors, errors), difference.requests);
  for (size_t i = 0; i < times.size(); ++i) {
    difference.times[i] = grown(before.times[i], times[i]);
    difference.timed += difference.times[i];
  }
  return difference;
}

Duration bound_of(int time_class) {
  return telemetry::Histogram::upper_bound((time_class + 1) * AnomalyEvidence::buckets_per_class -
                                           1);
}

double evidence_of(double hits, double total, double others_hits, double others_total) {
  if (total <= 0 || others_total <= 0) return 0;
  const double its = hits / total;
  const double others = others_hits / others_total;
  if (its <= others) return 0;
  const double both = (hits + others_hits) / (total + others_total);
  return log_likelihood(hits, total, its) + log_likelihood(others_hits, others_total, others) -
         log_likelihood(hits, total, both) - log_likelihood(others_hits, others_total, both);
}

}  // namespace daruma::health
