// SPDX-License-Identifier: Apache-2.0
#include "health/anomaly_detector.h"

#include <algorithm>
#include <array>

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
constexpr double requests_least = 20;
constexpr uint32_t weight_step_up = AnomalyDetector::weight_full / 10;

using Times = std::array<double, AnomalyEvidence::time_classes>;
using Looks = std::array<AnomalyEvidence, AnomalyDetector::looks_remembered>;

// A target's requests beside what they would have come to at the others at the same time (direct
// standardisation, look by look): else one that was asked only while all were in trouble would be
// blamed for it (Simpson's paradox).
class Comparison {
 public:
  void add_look(const AnomalyEvidence& its, const AnomalyEvidence& others);
  double of_errors(const Standard& by) const;
  double of_times(const Standard& by) const;

 private:
  // As many requests of the others as say what they are expected to say with the same certainty.
  struct Weighed {
    double its = 0;
    double variance = 0;
    void add(uint64_t its_requests, uint64_t others_requests) {
      const auto more = static_cast<double>(its_requests);
      its += more;
      variance += more * more / static_cast<double>(others_requests);
    }
    double others() const { return variance > 0 ? its * its / variance : 0; }
  };

  Weighed requests_, timed_;
  double errors_ = 0;
  double errors_expected_ = 0;
  Times times_{};
  Times times_expected_{};
};

// What nobody else was asked at the time is not compared.
void Comparison::add_look(const AnomalyEvidence& its, const AnomalyEvidence& others) {
  if (its.requests > 0 && others.requests > 0) {
    requests_.add(its.requests, others.requests);
    errors_ += static_cast<double>(its.errors);
    errors_expected_ += static_cast<double>(its.requests) * static_cast<double>(others.errors) /
                        static_cast<double>(others.requests);
  }
  if (its.timed == 0 || others.timed == 0) return;
  timed_.add(its.timed, others.timed);
  const double factor = static_cast<double>(its.timed) / static_cast<double>(others.timed);
  for (size_t i = 0; i < times_.size(); ++i) {
    times_[i] += static_cast<double>(its.times[i]);
    times_expected_[i] += static_cast<double>(others.times[i]) * factor;
  }
}

double Comparison::of_errors(const Standard& by) const {
  if (requests_.others() < requests_least) return 0;
  const double share = errors_ / requests_.its;
  const double usual = errors_expected_ / requests_.its;
  if (share < by.errors_factor * usual || share < usual + by.errors_more) return 0;
  return evidence_of(errors_, requests_.its, usual * requests_.others(), requests_.others());
}

double slower_than(const Times& times, size_t time_class) {
  double slower = 0;
  for (size_t i = time_class + 1; i < times.size(); ++i) slower += times[i];
  return slower;
}

size_t median_class(const Times& times, double total) {
  double seen = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    seen += times[i];
    if (2 * seen >= total) return i;
  }
  return times.size() - 1;
}

double Comparison::of_times(const Standard& by) const {
  if (timed_.others() < requests_least) return 0;
  const size_t usual = median_class(times_expected_, timed_.its);
  const Duration its_median = bound_of(static_cast<int>(median_class(times_, timed_.its)));
  const Duration usual_median = bound_of(static_cast<int>(usual));
  if (its_median < usual_median + by.times_more) return 0;
  if (std::chrono::duration<double>(its_median) < by.times_factor * usual_median) return 0;
  const double expected = slower_than(times_expected_, usual) / timed_.its;
  return evidence_of(slower_than(times_, usual), timed_.its, expected * timed_.others(),
                     timed_.others());
}

// 0: not worse. `all` includes the target.
double badness(const std::vector<AnomalyEvidence>& its, const Looks& all, const Standard& by) {
  Comparison comparison;
  for (size_t i = 0; i < all.size(); ++i) {
    AnomalyEvidence others = all[i];
    others.subtract(its[i]);
    comparison.add_look(its[i], others);
  }
  const double found = std::max(comparison.of_errors(by), comparison.of_times(by));
  return found >= by.evidence ? found : 0;
}

}  // namespace

void AnomalyDetector::look(std::span<const Observation> observations, bool mitigate) {
  ++looks_;
  for (const Observation& each : observations) remember(each);
  std::erase_if(targets_, [this](const auto& entry) { return entry.second.seen_in != looks_; });
  const bool compared = find_worse();
  for (auto& [key, target] : targets_) {
    Verdict& verdict = target.verdict;
    if (compared) verdict.anomalous = target.worse;
    if (!mitigate || !target.healthy) {
      verdict.weight = weight_full;
    } else if (target.worse) {
      verdict.weight = std::max(weight_floor, verdict.weight / 2);
    } else {
      verdict.weight = std::min(weight_full, verdict.weight + weight_step_up);
    }
    if (!compared && !verdict.mitigated()) verdict.anomalous = false;
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
    return;
  }
  const AnomalyEvidence& now = observation.since_last_look;
  if (target.looks.empty()) {
    if (now.requests == 0) return;
    target.looks.resize(looks_remembered);
  }
  target.looks[ring_slot()] = now;
}

// The worst first, each compared with those that are not found worse: else one that is very bad
// would make another look good. A minority at most: where half of the targets fail, it is not they.
// Those that nobody asks are no part of it.
bool AnomalyDetector::find_worse() {
  std::vector<Remembered*> asked;
  Looks usual;
  for (auto& [key, target] : targets_) {
    if (!target.asked()) continue;
    asked.push_back(&target);
    for (size_t i = 0; i < usual.size(); ++i) usual[i].add(target.looks[i]);
  }
  if (asked.size() < targets_least) return false;
  for (size_t most = (asked.size() - 1) / 2; most > 0; --most) {
    Remembered* worst = nullptr;
    double badness_of_worst = 0;
    for (Remembered* target : asked) {
      if (target->worse) continue;
      const double its = badness(target->looks, usual, target->suspect() ? to_keep : to_find);
      if (its <= badness_of_worst) continue;
      badness_of_worst = its;
      worst = target;
    }
    if (worst == nullptr) break;
    worst->worse = true;
    for (size_t i = 0; i < usual.size(); ++i) usual[i].subtract(worst->looks[i]);
  }
  return true;
}

bool AnomalyDetector::Remembered::asked() const {
  return std::ranges::any_of(looks, [](const AnomalyEvidence& look) { return look.requests > 0; });
}

bool AnomalyDetector::suspects_somebody() const {
  return std::ranges::any_of(targets_, [](const auto& entry) { return entry.second.suspect(); });
}

AnomalyDetector::Verdict AnomalyDetector::verdict(const model::TargetKey& target) const {
  const auto found = targets_.find(target);
  return found == targets_.end() ? Verdict{} : found->second.verdict;
}

}  // namespace daruma::health
