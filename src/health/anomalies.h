// SPDX-License-Identifier: Apache-2.0
//
// Looks at all target groups every 5 s: what their requests came to, as all workers together have
// counted it (telemetry/registry), and which targets are worse than the others by it
// (anomaly_detector). Health thread only.
#pragma once

#include <map>
#include <string>

#include "health/anomaly_detector.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "model/snapshot.h"
#include "telemetry/registry.h"

namespace daruma::health {

class AnomaliesObserver {
 public:
  virtual bool is_healthy(const model::TargetKey& target) const = 0;
  // It is not what it was.
  virtual void on_verdict(const model::TargetKey& target, const AnomalyDetector::Verdict& before,
                          const AnomalyDetector::Verdict& now) = 0;

 protected:
  ~AnomaliesObserver() = default;
};

class Anomalies final : private io::TimerHandler {
 public:
  Anomalies(io::Loop& loop, const telemetry::Registry& registry, AnomaliesObserver& observer);

  // REQUIRES: it lives until the next one is adopted, or stop(); the observer knows its targets.
  void adopt(const model::Snapshot& snapshot);
  // The target of this name is another one, or may be: what was found of the former one ends, and
  // the observer hears of it.
  void forget(const model::TargetKey& target);
  void stop();

 private:
  struct Group {
    AnomalyDetector detector;
    std::map<model::TargetKey, AnomalyEvidence> counted;  // as of the last look, while healthy
  };

  void on_timer(io::Timer& timer) override;
  void look(const model::TargetGroup& model, Group& group);
  static void forget_unregistered(Group& group, const model::TargetGroup& model);
  AnomalyEvidence since_last_look(Group& group, const model::Target& target);
  AnomalyEvidence counted(const model::Target& target) const;

  io::Loop& loop_;
  const telemetry::Registry& registry_;
  AnomaliesObserver& observer_;
  const model::Snapshot* snapshot_ = nullptr;
  std::map<std::string, Group> groups_;
  io::Timer next_look_;
};

}  // namespace daruma::health
