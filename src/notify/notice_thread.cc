// SPDX-License-Identifier: Apache-2.0
#include "notify/notice_thread.h"

#include <algorithm>
#include <utility>

namespace daruma::notify {
namespace {

constexpr Duration longest_wait = 1h;
constexpr size_t fresh_max = 1'000;  // then the oldest goes

}  // namespace

NoticeThread::NoticeThread(std::unique_ptr<Way> way, const std::string& file, Clocks clocks,
                           const Log& log)
    : way_(std::move(way)),
      clocks_(std::move(clocks)),
      log_(log),
      outbox_(Outbox::open_or_forget(file, log)),
      queue_(*outbox_),
      thread_([this] { run(); }) {}

void NoticeThread::post(alarm::Notice notice) {
  {
    const std::lock_guard lock(mutex_);
    if (fresh_.size() == fresh_max) fresh_.pop_front();
    fresh_.push_back(std::move(notice));
  }
  wake_.notify_one();
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

void NoticeThread::take(std::deque<alarm::Notice> fresh) {
  uint64_t lost = 0;
  for (const alarm::Notice& notice : fresh) lost += queue_.add(notice, clocks_.now());
  if (!fresh.empty()) commit();
  if (lost == 0) return;
  log_.write(LogLevel::error, "alarms", "too many notices wait; the oldest are lost",
             {{"way", way_->name()}, {"lost", std::to_string(lost)}});
}

void NoticeThread::commit() {
  const Result<void> kept = outbox_->commit();
  if (!kept && !disk_failing_) {
    log_.write(LogLevel::error, "alarms", "notices are in memory only: " + kept.error().message,
               {{"way", way_->name()}});
  }
  disk_failing_ = !kept;
}

void NoticeThread::deliver() {
  const bool failed_before = queue_.failing();
  const std::vector<alarm::Notice> notices = queue_.next();
  const Result<void> delivered =
      notices.empty() ? Result<void>{} : way_->deliver(notices, clocks_.wall_now());
  if (delivered) {
    queue_.delivered(clocks_.now());
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
  for (;;) {
    const Duration wait = std::clamp<Duration>(queue_.due() - clocks_.now(), 0s, longest_wait);
    wake_.wait_for(lock, wait, [this] { return stopping_ || !fresh_.empty(); });
    auto fresh = std::exchange(fresh_, {});
    const bool stopping = stopping_;
    lock.unlock();
    take(std::move(fresh));
    if (stopping) return;
    if (queue_.due() <= clocks_.now()) deliver();
    lock.lock();
  }
}

}  // namespace daruma::notify
