// SPDX-License-Identifier: Apache-2.0
//
// What real requests say of one target, weighed against what its probes say. Probes and requests
// come to the same door: where all places of a target are taken, a probe waits there until it times
// out, while the requests that are in are answered. Such a target is busy, not dead. And where
// requests fail and nobody is answered, it is worth asking at once. Pure.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "health/probe_result.h"

namespace daruma::health {

class Traffic {
 public:
  // `answered` is how many requests the target has answered so far, with anything but 5xx. It may
  // begin anew.
  void probe_begins(uint64_t answered);
  void probe_ends(Instant now, uint64_t answered);
  // The target is full, as workers find: new connections wait while requests are answered.
  void set_door_shut(bool shut) { door_shut_ = shut; }

  // A worker saw requests fail in a row, as FailureReport tells it; `kept_out`: the last of them
  // had to wait at the door, like a probe.
  void on_failures(Instant now, uint32_t in_a_row, uint64_t answered, bool kept_out);
  // The target has answered a probe.
  void on_probe_passed() { failed_ = 0; }

  // Whether what befell the last probe is explained by the target being busy. What a target itself
  // says, be it a wrong code or that nobody listens, counts whatever else it does.
  bool explains(ProbeOutcome outcome) const;
  // Several requests failed since the last answer to anybody, and that was longer ago than it may
  // be. That alone proves nothing: a client may ask what makes any server hang up.
  bool accuses() const { return failed_ >= accusing_from && !may_be_quiet(); }

  bool door_shut() const { return door_shut_; }
  uint64_t answered_during_probe() const { return during_probe_; }
  // Requests that failed since the last answer, as far as workers have told.
  uint32_t failed_requests() const { return failed_; }

 private:
  static constexpr uint32_t accusing_from = 3;
  // How many times as long as usual no answer may come: where two places make pages of eight
  // seconds, that is rare by itself.
  static constexpr int quiet_gaps = 8;
  static constexpr Duration quiet_most = 30s;

  void note_answers(Instant now, uint64_t answered);
  bool may_be_quiet() const { return now_ < quiet_until_; }

  bool door_shut_ = false;
  uint64_t at_begin_ = 0;
  uint64_t at_end_ = 0;
  uint64_t during_probe_ = 0;
  uint64_t since_probe_before_ = 0;
  uint32_t failed_ = 0;
  bool failed_inside_ = false;  // one of those, after it was let in
  uint64_t at_failure_ = 0;
  Instant now_{};         // as last told
  Instant ended_{};       // the last probe
  Duration usual_gap_{};  // between answers
  uint64_t noted_ = 0;
  Instant quiet_until_{};
};

}  // namespace daruma::health
