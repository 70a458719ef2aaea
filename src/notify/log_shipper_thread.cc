// SPDX-License-Identifier: Apache-2.0
#include "notify/log_shipper_thread.h"

#include <utility>

namespace daruma::notify {
namespace {

// How long a complete file may lie before it is looked for.
constexpr Duration turn_every = 1s;

}  // namespace

LogShipperThread::LogShipperThread(LogShipperOptions options,
                                   std::vector<model::api::Bucket> buckets, Clocks clocks,
                                   const Log& log)
    : clocks_(std::move(clocks)),
      sender_(transfers_),
      buckets_(std::move(buckets), sender_),
      shipper_(std::move(options), buckets_, log, [this] { return stopping_.load(); }),
      thread_([this] { run(); }) {}

void LogShipperThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  transfers_.stop();
  wake_.notify_one();
  thread_.join();
}

void LogShipperThread::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, turn_every, [this] { return stopping_.load(); })) {
    lock.unlock();
    shipper_.turn(clocks_.now(), clocks_.wall_now());
    lock.lock();
  }
}

}  // namespace daruma::notify
