// SPDX-License-Identifier: Apache-2.0
#include "health/doorkeeper.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace daruma::health {

bool Doorkeeper::take(const model::DoorReport& report, Instant now) {
  DARUMA_ASSERT(report.worker < workers_.size());
  Worker& worker = workers_[report.worker];
  const bool is_new = worker.reported == Instant{};
  worker.reported = now;
  worker.shut = report.shut;
  worker.knocking = report.knocking;
  worker.waiting = report.waiting;
  worker.inside = report.inside;
  shows_places_ = report.shows_places;
  if (is_new) limit_.begin(now, inside());  // what it holds has not come in just now
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

uint32_t Doorkeeper::inside() const {
  uint32_t sum = 0;
  for (const Worker& worker : workers_) sum += worker.inside;
  return sum;
}

bool Doorkeeper::settle(Instant now) {
  const DoorState state_before = state_;
  const uint32_t knocker_before = knocker_;
  const bool wanted_before = wanted_;
  state_ = judge(now);
  if (state_ != DoorState::full) {
    knocker_ = nobody;
  } else if (knocker_ == nobody || turn_is_over(now)) {
    give_turn(choose(), now);
  }
  const bool shut = state_ == DoorState::full || state_ == DoorState::suspected;
  wanted_ = shut && waiting() > 0;
  return state_ != state_before || knocker_ != knocker_before || wanted_ != wanted_before;
}

model::DoorState Doorkeeper::judge(Instant now) {
  if (std::ranges::none_of(workers_, &Worker::shut)) return DoorState::open;
  if (!shows_places_) return DoorState::full;
  if (state_ == DoorState::open) return suspect(now);
  if (state_ == DoorState::slow) return now < slow_until_ ? state_ : suspect(now);
  const bool pressed = waiting() > 0 && std::ranges::any_of(workers_, &Worker::knocking);
  switch (limit_.note(now, inside(), pressed)) {
    case PlaceLimit::Verdict::undecided:
      return DoorState::suspected;
    case PlaceLimit::Verdict::full:
      return DoorState::full;
    case PlaceLimit::Verdict::slow:
      break;
  }
  slow_until_ = now + slow_least;
  return DoorState::slow;
}

model::DoorState Doorkeeper::suspect(Instant now) {
  limit_.begin(now, inside());
  return DoorState::suspected;
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
