// SPDX-License-Identifier: Apache-2.0
//
// What a series of probes says of one target: states, reasons and descriptions as AWS's
// DescribeTargetHealth words them. Pure.
//
//            first probe begins            first success, whatever the threshold
//   initial ───────────────────► initial ────────────────────────────────────────► healthy
//   Elb.RegistrationInProgress   Elb.InitialHealthChecking                          │    ▲
//                                     │ unhealthy_threshold          unhealthy_     │    │ healthy_
//                                     │ failures in a row            threshold      │    │
//                                     threshold ▼                              failures       ▼ │
//                                     successes
//                                 unhealthy ◄─────────────────────────────────── unhealthy
//
// A target that is not probed is `unused` or `unavailable`, and begins anew when it is.
#pragma once

#include "health/probe_result.h"
#include "model/target.h"

namespace daruma::health {

enum class Checking : uint8_t {
  on,
  not_in_use,  // no listener forwards to the group
  disabled,    // the group's HealthCheckEnabled is false
};

struct Thresholds {
  int healthy = 5;
  int unhealthy = 2;
  bool held_out = false;  // a target that is unhealthy stays so, however many probes pass
};

class HealthHistory {
 public:
  explicit HealthHistory(Checking checking = Checking::on) { begin(checking); }

  const model::TargetHealth& health() const { return health_; }
  Checking checking() const { return checking_; }
  // The last probe that counted failed.
  bool failing() const { return failures_ > 0; }

  // Each returns whether health() changed.

  // A healthy target that is saturated says so in its description; it stays healthy.
  bool set_saturated(bool saturated);

  // History survives where `checking` stays the same, and begins anew where it does not.
  bool set_checking(Checking checking);
  bool probing_began();
  // The thresholds are those of the moment: when they change, the counts so far stay. A probe that
  // could not be made counts for nothing. REQUIRES: checking() is on.
  bool record(const ProbeResult& result, const Thresholds& thresholds);

 private:
  void begin(Checking checking);
  bool record_success(const Thresholds& thresholds);
  bool record_failure(const ProbeResult& result, int unhealthy_threshold);
  bool become(model::TargetHealth health);
  model::TargetHealth healthy() const;

  Checking checking_ = Checking::on;
  model::TargetHealth health_;
  int successes_ = 0;  // in a row; one of the two is 0
  int failures_ = 0;
  bool saturated_ = false;
};

}  // namespace daruma::health
