// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_thread.h"

#include <utility>

namespace daruma::telemetry {

LogThread::LogThread(LogWriter& writer, std::function<WallTime()> wall_now, Duration turn_every)
    : writer_(writer),
      wall_now_(std::move(wall_now)),
      turn_every_(turn_every),
      thread_([this] { run(); }) {}

void LogThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  writer_.finish(wall_now_());
}

void LogThread::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, turn_every_, [this] { return stopping_; })) {
    lock.unlock();
    writer_.run_once(wall_now_());
    lock.lock();
  }
}

}  // namespace daruma::telemetry
