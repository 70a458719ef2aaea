// SPDX-License-Identifier: Apache-2.0
//
// One registered target as the prober keeps it: when its next probe is due, the one under way, and
// what the probes so far say; where the group's saturation guard is on, weighed against what its
// requests say (health/traffic). Filed under the target's key; lives as long as the target is
// registered, through any number of snapshots. Health thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "health/damping.h"
#include "health/health_state.h"
#include "health/probe.h"
#include "health/rhythm.h"
#include "health/status_watch.h"
#include "health/traffic.h"
#include "io/timer_wheel.h"
#include "model/letter.h"
#include "model/target.h"
#include "telemetry/registry.h"
#include "tls/context.h"

namespace daruma::health {

class ProbedTarget;

// The other targets of its group.
struct Siblings {
  size_t healthy = 0;
  size_t saturated = 0;  // of the healthy ones, now or of late
  bool none_healthy() const { return healthy == 0; }
  bool have_room() const { return healthy > 0 && saturated == 0; }
  bool lack_room() const { return saturated > 0; }
};

class ProbedTargetObserver {
 public:
  virtual void on_probed(const ProbedTarget& target, const ProbeResult& result) = 0;
  // The probe failed and does not count: target.traffic() explains it. For the first in a row.
  virtual void on_probe_excused(const ProbedTarget& target, const ProbeResult& result) = 0;
  // The target's requests fail and it answers nobody: it is probed at once, and every second.
  virtual void on_hurried(const ProbedTarget& target, model::Reason last_failure) = 0;
  // target.server_status() is not what it was. Where it has a problem, for the first in a row.
  virtual void on_server_status(const ProbedTarget& target) = 0;
  virtual Siblings siblings_of(const ProbedTarget& target) const = 0;
  // target.health() is not what it was. `why`: what the probe came to that changed it, if it was
  // one.
  virtual void on_health_changed(const ProbedTarget& target, const model::TargetHealth& before,
                                 ProbeOutcome why) = 0;

 protected:
  ~ProbedTargetObserver() = default;
};

class ProbedTarget final : private io::TimerHandler, private ProbeHandler {
 public:
  // Does nothing until adopt(). What workers count in `registry` is what the target's requests say;
  // they find there what its probes came to.
  ProbedTarget(const ProbeEnvironment& environment, telemetry::Registry& registry,
               model::TargetKey key, ProbedTargetObserver& observer);
  ~ProbedTarget();
  ProbedTarget(const ProbedTarget&) = delete;
  ProbedTarget& operator=(const ProbedTarget&) = delete;

  // The target as the newest snapshot has it; the caller announces what changed by it. History and
  // the rhythm of probes survive, unless probing begins or ends. A probe under way is withdrawn if
  // it asks for something that is no longer wanted.
  // `tls` is for HTTPS probes; null: the environment's.
  void adopt(const model::TargetGroup& group, const model::Target& target,
             std::shared_ptr<tls::ClientContext> tls = nullptr);

  // What workers find of its door.
  void set_door_shut(bool shut);
  void on_requests_failed(const model::FailureReport& report);

  const model::TargetKey& key() const { return key_; }
  const model::TargetHealth& health() const { return history_.health(); }
  const model::HealthCheck& check() const { return check_; }
  const Traffic& traffic() const { return traffic_; }
  const Damping& damping() const { return damping_; }
  const model::ServerStatus& server_status() const { return status_watch_.status(); }
  // It is full, or was a short while ago: a load that fills it comes and goes.
  bool full_of_late() const;
  uint16_t probe_port() const { return check_.port.value_or(key_.port); }
  bool probe_under_way() const { return probe_ != nullptr; }

 private:
  void on_timer(io::Timer& timer) override;
  void on_probe_done(const ProbeResult& result) override;

  void set_tls(const model::TargetTls* settings, std::shared_ptr<tls::ClientContext> tls);
  void schedule_first();
  void hasten_or_calm(ProbeOutcome outcome);
  void keep_time();
  void set_due(Instant due);
  Duration spread();
  void begin_probe();
  void record(const ProbeResult& result);
  void take_status(const ProbeResult& result);
  void look_at_full_server();
  bool excuse(const ProbeResult& result);
  bool is_held_out() const;
  void set_saturated();
  uint64_t answered() const;

  const ProbeEnvironment& environment_;
  telemetry::Registry& registry_;
  const model::TargetKey key_;
  ProbedTargetObserver& observer_;
  model::HealthCheck check_;
  std::vector<Address> addresses_;
  size_t address_ = 0;  // which of them is asked next
  HealthHistory history_{Checking::not_in_use};
  telemetry::TargetLabels labels_;
  bool guarded_ = false;
  Traffic traffic_;
  Rhythm rhythm_;
  Damping damping_;
  StatusWatch status_watch_;
  Instant last_full_{};         // the zero instant: never
  Duration gap_{};              // between probes, as scheduled
  bool probe_excused_ = false;  // the last one
  io::Timer due_;
  Instant next_due_{};
  std::optional<Instant> last_due_;  // when the last probe was due; nullopt before the first
  std::shared_ptr<tls::ClientContext> tls_;
  std::string server_name_;                       // "": none is sent
  std::unique_ptr<tls::SessionCache> sessions_ =  // with tls_, under server_name_
      std::make_unique<tls::SessionCache>();
  std::unique_ptr<Probe> probe_;
  bool probe_asks_ = false;  // the one under way, for the server's status
};

}  // namespace daruma::health
