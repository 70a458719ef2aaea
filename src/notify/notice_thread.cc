// SPDX-License-Identifier: Apache-2.0
#include "notify/notice_thread.h"

#include <algorithm>
#include <utility>

namespace daruma::notify {
namespace {

constexpr Duration longest_wait = 1h;

}  // namespace

NoticeThread::NoticeThread(std::unique_ptr<Way> way, const std::string& file, Clocks clocks,
                           const Log& log)
    : way_(std::move(way)),
      clocks_(std::move(clocks)),
      log_(log),
      outbox_(Outbox::open_or_forget(file, log)),
      queue_(*outbox_),
      thread_([this] { run(); }) {}

void NoticeThread::post(const alarm::Notice& notice) {
  {
    const std::lock_guard lock(mutex_);
    const uint64_t lost = queue_.add(notice, clocks_.now());
    posted_ = true;
    if (lost > 0)
      log_.write(LogLevel::error, "alarms", "too many notices wait; the oldest are lost",
                 {{"way", way_->name()}, {"lost", std::to_string(lost)}});
  }
  wake_.notify_one();
}

void NoticeThread::keep() {
  const std::lock_guard lock(mutex_);
  commit();
}

void NoticeThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  way_->stop();
  wake_.notify_one();
  thread_.join();
}

void NoticeThread::commit() {
  const Result<void> kept = outbox_->commit();
  if (!kept && !disk_failing_) {
    log_.write(LogLevel::error, "alarms", "notices are in memory only: " + kept.error().message,
               {{"way", way_->name()}});
  }
  disk_failing_ = !kept;
}

void NoticeThread::deliver(std::unique_lock<std::mutex>& lock) {
  const bool failed_before = queue_.failing();
  const NoticeQueue::Message message = queue_.next();
  lock.unlock();
  const Result<void> delivered =
      message.notices.empty() ? Result<void>{} : way_->deliver(message.notices, clocks_.wall_now());
  lock.lock();
  if (delivered) {
    queue_.delivered(message, clocks_.now());
    commit();
    if (failed_before)
      log_.write(LogLevel::info, "alarms", "notices are delivered again", {{"way", way_->name()}});
    return;
  }
  queue_.failed(clocks_.now());
  if (failed_before) return;
  log_.write(LogLevel::error, "alarms", "a notice could not be delivered; it is tried again",
             {{"way", way_->name()}, {"problem", delivered.error().message}});
}

void NoticeThread::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    posted_ = false;
    if (queue_.due() <= clocks_.now()) {
      deliver(lock);
      continue;
    }
    const Duration wait = std::min<Duration>(queue_.due() - clocks_.now(), longest_wait);
    wake_.wait_for(lock, wait, [this] { return stopping_ || posted_; });
  }
  commit();
}

}  // namespace daruma::notify
