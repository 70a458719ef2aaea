// SPDX-License-Identifier: Apache-2.0
#include "io/loop.h"

namespace daruma::io {

void Loop::run_soon() {
  // Taken out first: a task may destroy itself, ask again or withdraw others.
  while (!soon_.empty()) soon_.pop_front().run();
}

}  // namespace daruma::io
