// SPDX-License-Identifier: Apache-2.0
#include "proxy/keep_alive_habits.h"

#include <algorithm>

namespace daruma::proxy {
namespace {

// Closings within this are one event.
constexpr Duration together = 1s;
// Servers look at their idle connections now and then.
constexpr Duration likeness = 1s;
constexpr Duration margin = 1s;

}  // namespace

void KeepAliveHabits::on_closed_after(uint64_t requests) {
  times_after_same_ = requests == last_requests_ ? times_after_same_ + 1 : 1;
  last_requests_ = requests;
  if (times_after_same_ >= times_to_learn) requests_limit_ = requests;
  // Fewer than were thought to be allowed: nothing is known any more.
  if (requests < requests_limit_) requests_limit_ = unlimited;
}

void KeepAliveHabits::on_closed_idle(Instant now, Duration idle) {
  if (last_idle_closing_ != Instant{} && now - last_idle_closing_ < together) return;
  last_idle_closing_ = now;
  const Duration least = std::min(least_idle_, idle);
  const Duration most = std::max(most_idle_, idle);
  const bool alike = times_idle_alike_ > 0 && most - least <= likeness;
  times_idle_alike_ = alike ? times_idle_alike_ + 1 : 1;
  least_idle_ = alike ? least : idle;
  most_idle_ = alike ? most : idle;
  if (times_idle_alike_ < times_to_learn) return;
  idle_limit_ = least_idle_;
  idle_allowance_ = idle_limit_ - std::min(margin, idle_limit_ / 2);
}

void KeepAliveHabits::on_good_after(uint64_t requests) {
  if (requests <= requests_limit_) return;
  requests_limit_ = unlimited;
  times_after_same_ = 0;
}

void KeepAliveHabits::on_good_idle(Duration idle) {
  if (idle_limit_ == Duration::max() || idle <= idle_limit_ + likeness) return;
  idle_limit_ = idle_allowance_ = Duration::max();
  times_idle_alike_ = 0;
}

}  // namespace daruma::proxy
