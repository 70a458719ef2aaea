// SPDX-License-Identifier: Apache-2.0
#include "notify/mackerel_thread.h"

#include <algorithm>
#include <utility>

namespace daruma::notify {
namespace {

constexpr Duration longest_wait = 1h;

}  // namespace

MackerelThread::MackerelThread(const MackerelSettings& settings, const std::string& file,
                               Clocks clocks, const Log& log)
    : clocks_(std::move(clocks)),
      sender_(transfers_),
      outbox_(Outbox::open_or_forget(file, log)),
      client_(settings, sender_, *outbox_, log),
      thread_([this] { run(); }) {}

void MackerelThread::post(Letter letter) {
  {
    const std::lock_guard lock(mutex_);
    if (letters_.size() == letters_max) letters_.pop_front();
    letters_.push_back(std::move(letter));
  }
  wake_.notify_one();
}

void MackerelThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  transfers_.stop();
  wake_.notify_one();
  thread_.join();
}

void MackerelThread::take(std::deque<Letter> letters) {
  for (Letter& letter : letters) {
    if (auto* checks = std::get_if<std::vector<MackerelClient::Check>>(&letter)) {
      client_.set_checks(std::move(*checks));
    } else if (const auto* minute = std::get_if<telemetry::MackerelMinute>(&letter)) {
      client_.add(*minute);
    } else if (const auto* change = std::get_if<telemetry::ConfigurationChange>(&letter)) {
      client_.add(*change);
    } else {
      client_.add(std::get<CheckReport>(letter));
    }
  }
}

void MackerelThread::run() {
  std::unique_lock lock(mutex_);
  Instant due = never;
  for (;;) {
    const Duration wait = std::clamp<Duration>(due - clocks_.now(), 0s, longest_wait);
    wake_.wait_for(lock, wait, [this] { return stopping_ || !letters_.empty(); });
    auto letters = std::exchange(letters_, {});
    const bool stopping = stopping_;
    lock.unlock();
    take(std::move(letters));
    if (stopping) return;
    due = client_.turn(clocks_.now(), clocks_.wall_now());
    lock.lock();
  }
}

}  // namespace daruma::notify
