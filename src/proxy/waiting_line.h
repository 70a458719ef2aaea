// SPDX-License-Identifier: Apache-2.0
//
// Requests of one target group that wait until some target can take one more: the queue that an
// overloaded target would otherwise keep, where it can be reordered, bounded and given up. Pure;
// one per group and worker.
//
// In order of arrival, as long as that lets nobody wait long. Under overload it would give every
// request the longest wait: then the newest goes first. Where nobody is turned away, whoever is
// overtaken then would be so for ever: so every eighth turn is that of the oldest. Among those
// looked at, it is the turn of who got least of late, so that one busy client does not starve the
// others. Whoever waits sets its own deadline.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"
#include "base/time.h"
#include "model/limits.h"

namespace daruma::proxy {

struct Waiting {};  // list tag

class Waiter : public ListNode<Waiting> {
 public:
  // Requests of one client have the same number; different clients may share one.
  void set_client(uint64_t client) { client_ = client; }
  uint64_t client() const { return client_; }
  bool waits() const { return ListNode<Waiting>::linked(); }
  Instant waits_since() const { return since_; }
  void begin_waiting(Instant now) { since_ = now; }

 protected:
  ~Waiter() = default;

 private:
  uint64_t client_ = 0;
  Instant since_{};
};

class WaitingLine {
 public:
  // Where nobody is turned away and the newest go first, one in so many turns is the oldest's.
  static constexpr uint32_t turns_for_oldest = 8;

  bool full() const { return size_ >= model::limits::waiting_requests_max; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // REQUIRES: !full().
  void join(Waiter& waiter, Instant now);
  void leave(Waiter& waiter);

  enum class Overtaken : uint8_t {
    are_turned_away,  // before long
    wait_on,
  };
  // Whose turn it is among those that `accepts(waiter)` holds for; it has left the line then. The
  // newest go first if somebody has waited since before `overload`. Nullptr if there is none among
  // those looked at.
  template <class Accepts>
  Waiter* take_next(Instant overload, Overtaken overtaken, Accepts accepts);

 private:
  static constexpr size_t looked_at_max = 64;
  static constexpr size_t shares = 256;
  static constexpr uint32_t turns_remembered = 1024;
  uint32_t& turns_of(const Waiter& waiter) { return turns_[waiter.client() % shares]; }
  void note_turn(const Waiter& waiter);

  IntrusiveList<Waiter, Waiting> waiters_;  // in order of arrival
  size_t size_ = 0;
  std::array<uint32_t, shares> turns_{};  // taken by each client of late; halved now and then
  uint32_t turns_noted_ = 0;
  uint32_t turns_of_newest_ = 0;
};

template <class Accepts>
Waiter* WaitingLine::take_next(Instant overload, Overtaken overtaken, Accepts accepts) {
  if (empty()) return nullptr;
  Waiter* best = nullptr;
  size_t looked_at = 0;
  const auto look = [&](Waiter& waiter) {
    if (accepts(waiter) && (!best || turns_of(waiter) < turns_of(*best))) best = &waiter;
    return ++looked_at >= looked_at_max;
  };
  const bool overloaded = waiters_.front().waits_since() < overload;
  const bool of_oldest =
      overloaded && overtaken == Overtaken::wait_on && ++turns_of_newest_ % turns_for_oldest == 0;
  if (overloaded && !of_oldest) {
    waiters_.any_of_reversed(look);
  } else {
    waiters_.any_of(look);
  }
  if (!best) return nullptr;
  note_turn(*best);
  leave(*best);
  return best;
}

}  // namespace daruma::proxy
