// SPDX-License-Identifier: Apache-2.0
#include "proxy/waiting_line.h"

#include "base/check.h"

namespace daruma::proxy {

void WaitingLine::join(Waiter& waiter, Instant now) {
  DARUMA_ASSERT(!full());
  waiter.begin_waiting(now);
  waiters_.push_back(waiter);
  ++size_;
}

void WaitingLine::leave(Waiter& waiter) {
  DARUMA_ASSERT(waiter.waits() && size_ > 0);
  waiter.ListNode<Waiting>::unlink();
  --size_;
}

void WaitingLine::note_turn(const Waiter& waiter) {
  ++turns_of(waiter);
  if (++turns_noted_ < turns_remembered) return;
  turns_noted_ = 0;
  for (uint32_t& turns : turns_) turns /= 2;
}

}  // namespace daruma::proxy
