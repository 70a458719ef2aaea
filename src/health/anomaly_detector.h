// SPDX-License-Identifier: Apache-2.0
//
// Which targets of one group are worse than the others, by their requests of the last 30 s, and
// what share each is given because of it (AWS: anomaly detection and mitigation, "Automatic Target
// Weights"; how they judge is not published: docs/anomalies.md tells how this does). Pure: looked
// at every 5 s.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "health/anomaly_evidence.h"
#include "model/balancing.h"
#include "model/target.h"

namespace daruma::health {

class AnomalyDetector {
 public:
  static constexpr Duration interval = 5s;
  static constexpr size_t looks_remembered = 6;
  static constexpr size_t targets_least = 3;  // healthy ones that are asked, to tell who differs
  // What a target weighs: by itself, and at least, as much as it takes to see that it is well
  // again.
  static constexpr uint32_t weight_full = model::full_weight;
  static constexpr uint32_t weight_floor = 50;

  struct Observation {
    model::TargetKey target;
    bool healthy = false;
    AnomalyEvidence since_last_look;
  };
  struct Verdict {
    bool anomalous = false;
    uint32_t weight = weight_full;
    bool mitigated() const { return weight < weight_full; }
    bool operator==(const Verdict&) const = default;
  };

  // Of all targets that the group has; those not named are forgotten. Without `mitigate` every
  // weight is full. Where too few can be compared nobody is found worse, and weights only rise; a
  // verdict ends when its target's weight is full.
  void look(std::span<const Observation> observations, bool mitigate);
  // What was found, and all that it was found by: the target begins anew.
  void forget(const model::TargetKey& target) { targets_.erase(target); }
  // As of the last look.
  Verdict verdict(const model::TargetKey& target) const;
  bool suspects_somebody() const;

 private:
  struct Remembered {
    std::vector<AnomalyEvidence>
        looks;  // the newest ones, in a ring; empty before its first request
    Verdict verdict;
    uint64_t seen_in = 0;  // the look
    bool healthy = false;
    bool worse = false;  // than the others, as this look finds
    bool asked() const;  // in the looks remembered
    bool suspect() const { return verdict.anomalous || verdict.mitigated(); }
  };

  void remember(const Observation& observation);
  bool find_worse();  // false: too few to compare
  size_t ring_slot() const { return looks_ % looks_remembered; }

  std::map<model::TargetKey, Remembered> targets_;
  uint64_t looks_ = 0;
};

}  // namespace daruma::health
