// SPDX-License-Identifier: Apache-2.0
//
// Where connections and snapshots go to die: an object may still be on the call stack when it is
// closed, so it is unlinked at once and destroyed at the end of the current event.
#pragma once

#include "base/intrusive_list.h"
#include "io/loop.h"

namespace daruma::proxy {

class Mortal : public ListNode<Mortal> {
 public:
  Mortal() = default;
  virtual ~Mortal() = default;
};

class Graveyard final : private io::Task {
 public:
  explicit Graveyard(io::Loop& loop) : loop_(loop) {}
  ~Graveyard() { clear(); }

  // Takes ownership; the object was made with new and is in no other owner's hands.
  void bury(Mortal& mortal) {
    if (mortal.linked()) return;
    dead_.push_back(mortal);
    loop_.call_after_event(*this);
  }

  // At once. REQUIRES: nothing buried here is on the call stack.
  void clear() {
    while (!dead_.empty()) delete &dead_.pop_front();
  }

 private:
  void run() override { clear(); }

  io::Loop& loop_;
  IntrusiveList<Mortal> dead_;
};

}  // namespace daruma::proxy
