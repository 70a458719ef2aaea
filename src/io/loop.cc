// SPDX-License-Identifier: Apache-2.0
#include "io/loop.h"

namespace daruma::io {

void Loop::fire_timers() {
  while (timers_.fire_next(now())) run_after_event();
}

// Here and below a task is taken out before it runs: it may destroy itself, ask again or withdraw
// others.
void Loop::run_after_event() {
  while (!after_event_.empty()) after_event_.pop_front().run();
}

void Loop::run_soon() {
  run_after_event();
  IntrusiveList<Task> due;
  while (!soon_.empty()) due.push_back(soon_.pop_front());
  while (!due.empty()) {
    due.pop_front().run();
    run_after_event();
  }
}

}  // namespace daruma::io
