// SPDX-License-Identifier: Apache-2.0
#include "app/threads.h"

#include <pthread.h>

#include "app/process_limits.h"

namespace daruma::app {

void LoopThread::start(const std::string& name, int core) {
  thread_ = std::thread([this, name, core] {
    pthread_setname_np(pthread_self(), name.c_str());
    if (core >= 0) pin_to_core(core);
    loop_.run();
  });
}

void LoopThread::stop() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace daruma::app
