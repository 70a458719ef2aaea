// SPDX-License-Identifier: Apache-2.0
#include "health/anomaly_detector.h"

#include <algorithm>

namespace daruma::health {
namespace {

// How much it takes to find a target worse. Nothing but chance finds one in e^25 looks; a target
// that has been found worse is held to a lower standard until it has its full share again.
struct Standard {
  double evidence;
  double errors_factor;  // times the others' share of errors
  double errors_more;    // and so much of all requests more
  double times_factor;   // times the others' median
  Duration times_more;   // and so much longer
};
constexpr Standard to_find{25, 2, 0.05, 1.5, 5ms};
constexpr Standard to_keep{6, 1.5, 0.02, 1.3, 3ms};

// Of the others: fewer say nothing of what is usual.
constexpr uint64_t requests_least = 20;
constexpr uint32_t weight_step_up = AnomalyDetector::weight_full / 10;

double of_errors(const AnomalyEvidence& its, const AnomalyEvidence& others, const Standard& by) {
  if (its.requests == 0 || others.requests < requests_least) return 0;
  const double share = static_cast<double>(its.errors) / static_cast<double>(its.requests);
  const double usual = static_cast<double>(others.errors) / static_cast<double>(others.requests);
  if (share < by.errors_factor * usual || share < usual + by.errors_more) return 0;
  return evidence_of(its.errors, its.requests, others.errors, others.requests);
}

double of_times(const AnomalyEvidence& its, const AnomalyEvidence& others, const Standard& by) {
  if (its.timed == 0 || others.timed < requests_least) return 0;
  const int usual = others.median_class();
  const Duration its_median = bound_of(its.median_class());
  const Duration usual_median = bound_of(usual);
  if (its_median < usual_median + by.times_more) return 0;
  if (std::chrono::duration<double>(its_median) < by.times_factor * usual_median) return 0;
  return evidence_of(its.slower_than(usual), its.timed, others.slower_than(usual), others.timed);
}

}  // namespace

void AnomalyDetector::look(std::span<const Observation> observations, bool mitigate) {
  ++looks_;
  for (const Observation& each : observations) remember(each);
  std::erase_if(targets_, [this](const auto& entry) { return entry.second.seen_in != looks_; });
  find_worse();
  for (auto& [key, target] : targets_) {
    Verdict& verdict = target.verdict;
    verdict.anomalous = target.worse;
    if (!mitigate || !target.healthy) {
      verdict.weight = weight_full;
    } else if (target.worse) {
      verdict.weight = std::max(weight_floor, verdict.weight / 2);
    } else {
      verdict.weight = std::min(weight_full, verdict.weight + weight_step_up);
    }
  }
}

// An unhealthy target is out; one that comes back begins anew.
void AnomalyDetector::remember(const Observation& observation) {
  Remembered& target = targets_[observation.target];
  target.seen_in = looks_;
  target.worse = false;
  target.healthy = observation.healthy;
  if (!observation.healthy) {
    target.looks.clear();
    target.sum = {};
    target.next = 0;
    return;
  }
  const AnomalyEvidence& now = observation.since_last_look;
  if (target.looks.empty()) {
    if (now.requests == 0) return;
    target.looks.resize(looks_remembered);
  }
  target.sum.subtract(target.looks[target.next]);
  target.sum.add(now);
  target.looks[target.next] = now;
  target.next = (target.next + 1) % looks_remembered;
}

// The worst first, each compared with those that are not found worse: else one that is very bad
// would make another look good. A minority at most: where half of the targets fail, it is not they.
void AnomalyDetector::find_worse() {
  std::vector<Remembered*> healthy;
  AnomalyEvidence usual;
  for (auto& [key, target] : targets_) {
    if (!target.healthy) continue;
    healthy.push_back(&target);
    usual.add(target.sum);
  }
  if (healthy.size() < targets_least) return;
  for (size_t most = (healthy.size() - 1) / 2; most > 0; --most) {
    Remembered* worst = nullptr;
    double badness_of_worst = 0;
    for (Remembered* target : healthy) {
      if (target->worse) continue;
      AnomalyEvidence others = usual;
      others.subtract(target->sum);
      const double its = badness(*target, others);
      if (its <= badness_of_worst) continue;
      badness_of_worst = its;
      worst = target;
    }
    if (worst == nullptr) return;
    worst->worse = true;
    usual.subtract(worst->sum);
  }
}

// 0: not worse.
double AnomalyDetector::badness(const Remembered& target, const AnomalyEvidence& others) {
  const Standard& by = target.suspect() ? to_keep : to_find;
  const double found =
      std::max(of_errors(target.sum, others, by), of_times(target.sum, others, by));
  return found >= by.evidence ? found : 0;
}

AnomalyDetector::Verdict AnomalyDetector::verdict(const model::TargetKey& target) const {
  const auto found = targets_.find(target);
  return found == targets_.end() ? Verdict{} : found->second.verdict;
}

}  // namespace daruma::health
