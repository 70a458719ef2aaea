// SPDX-License-Identifier: Apache-2.0
#include "health/doorkeeper.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace daruma::health {

bool Doorkeeper::take(const model::DoorReport& report, Instant now) {
  DARUMA_ASSERT(report.worker < workers_.size());
  Worker& worker = workers_[report.worker];
  worker.reported = now;
  worker.saturated = report.saturated;
  worker.knocking = report.knocking;
  worker.waiting = report.waiting;
  if (report.worker == knocker_ && report.knocking) has_knocked_ = true;
  return settle(now);
}

bool Doorkeeper::look(Instant now) {
  for (Worker& worker : workers_) {
    if (worker.reported + silence_max > now) continue;
    worker = {.last_turn = worker.last_turn};
  }
  return settle(now);
}

uint32_t Doorkeeper::waiting() const {
  uint32_t sum = 0;
  for (const Worker& worker : workers_) sum += worker.waiting;
  return sum;
}

bool Doorkeeper::settle(Instant now) {
  const bool saturated_before = saturated_;
  const uint32_t knocker_before = knocker_;
  saturated_ = std::ranges::any_of(workers_, &Worker::saturated);
  if (!saturated_) {
    knocker_ = nobody;
  } else if (knocker_ == nobody || turn_is_over(now)) {
    give_turn(choose(), now);
  }
  return saturated_ != saturated_before || knocker_ != knocker_before;
}

bool Doorkeeper::turn_is_over(Instant now) const {
  const Worker& holder = workers_[knocker_];
  if (holder.knocking) return false;
  // Until it has heard of its turn it reports that it is not knocking, and that says nothing.
  return has_knocked_ || holder.waiting == 0 || turn_began_ + turn_unused_max <= now;
}

uint32_t Doorkeeper::choose() const {
  const uint32_t left_unused = has_knocked_ ? nobody : knocker_;
  const auto rank = [&](uint32_t i) {
    const Worker& worker = workers_[i];
    return std::tuple(i != left_unused, worker.knocking, worker.waiting, turns_ - worker.last_turn);
  };
  uint32_t chosen = nobody;
  for (uint32_t i = 0; i < workers_.size(); ++i) {
    if (!workers_[i].wants_in()) continue;
    if (chosen == nobody || rank(i) > rank(chosen)) chosen = i;
  }
  return chosen;
}

void Doorkeeper::give_turn(uint32_t worker, Instant now) {
  knocker_ = worker;
  if (worker == nobody) return;
  workers_[worker].last_turn = ++turns_;
  turn_began_ = now;
  has_knocked_ = workers_[worker].knocking;
}

}  // namespace daruma::health
