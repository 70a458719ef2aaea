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

// A ring holds 4 MiB, which a busy worker fills in much less than a second.
void LogThread::run() {
  constexpr size_t much = 256 * 1024;
  std::unique_lock lock(mutex_);
  Duration wait = turn_every_;
  while (!wake_.wait_for(lock, wait, [this] { return stopping_; })) {
    lock.unlock();
    wait = writer_.run_once(wall_now_()) < much ? turn_every_ : turn_every_ / 10;
    lock.lock();
  }
}

}  // namespace daruma::telemetry
