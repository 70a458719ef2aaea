// SPDX-License-Identifier: Apache-2.0
//
// When a target ends its connections by itself, as one worker has found: with the answer to the Nth
// request, or when they have been idle for so long. Pure: told the time.
//
// A limit is learned when the target has kept to it several times running, and tried again now and
// then: it may be raised. Whoever keeps to it never meets the target's closing.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace daruma::proxy {

class KeepAliveHabits {
 public:
  static constexpr uint64_t unlimited = UINT64_MAX;
  static constexpr uint32_t times_to_learn = 4;
  // One connection in so many goes beyond a learned limit, to see whether it still holds.
  static constexpr uint32_t trial_interval = 16;

  // The target ended a connection with, or right after, the answer to its Nth request.
  void on_closed_after(uint64_t requests);
  // It ended one that had been idle for so long. What it ends all at once, as by a restart, counts
  // once.
  void on_closed_idle(Instant now, Duration idle);
  // It says that it leaves connections idle for so long.
  void on_announced(Duration idle) { announced_idle_ = idle; }
  // A connection was still good after so many requests, or after having been idle for so long.
  void on_good_after(uint64_t requests);
  void on_good_idle(Duration idle);

  // Requests on one connection, the last of which it answers; unlimited if that is not known.
  uint64_t requests_limit() const { return requests_limit_; }
  // How long it leaves a connection idle, as found or announced; Duration::max() if that is not
  // known.
  Duration idle_limit() const { return std::min(idle_limit_, announced_idle_); }

  // How long a connection may be idle so that a request on its way does not meet the closing.
  Duration idle_allowance() const { return idle_allowance_; }
  // How long one may be idle that is to find out whether the limit still holds. REQUIRES: one has
  // been found.
  Duration idle_trial() const { return 2 * idle_limit_; }
  // This once, a learned limit may be passed.
  bool take_trial() { return ++trials_ % trial_interval == 0; }

 private:
  uint64_t requests_limit_ = unlimited;
  Duration idle_limit_ = Duration::max();
  Duration idle_allowance_ = Duration::max();
  Duration announced_idle_ = Duration::max();
  uint64_t last_requests_ = 0;
  uint32_t times_after_same_ = 0;
  Duration least_idle_{};
  Duration most_idle_{};
  Instant last_idle_closing_{};
  uint32_t times_idle_alike_ = 0;
  uint32_t trials_ = 0;
};

}  // namespace daruma::proxy
