// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"
#include "app/process_limits.h"
#include "app/signals.h"
#include "app/supervisor.h"

namespace daruma::app {

int run(const ServeCommand& command) {
  block_signals();  // before any thread starts
  const uint64_t descriptor_limit = raise_descriptor_limit();
  const Log log(command.log_level);
  return Supervisor(command, log, descriptor_limit).run();
}

}  // namespace daruma::app
