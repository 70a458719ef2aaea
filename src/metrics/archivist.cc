// SPDX-License-Identifier: Apache-2.0
#include "metrics/archivist.h"

#include <utility>

namespace daruma::metrics {

Archivist::Archivist(std::unique_ptr<store::Archive> archive,
                     std::function<void(const std::string&)> complain, size_t batches_most)
    : archive_(std::move(archive)),
      complain_(std::move(complain)),
      batches_most_(batches_most),
      thread_([this] { run(); }) {}

bool Archivist::is_behind() {
  if (failing_) return true;
  const std::lock_guard lock(mutex_);
  return batches_.size() + 1 >= batches_most_;
}

void Archivist::post(store::ArchiveBatch batch) {
  {
    const std::lock_guard lock(mutex_);
    if (batches_.size() >= batches_most_) {
      points_dropped_.fetch_add(batch.points, std::memory_order_relaxed);
      return;
    }
    batches_.push_back(std::move(batch));
  }
  wake_.notify_one();
}

void Archivist::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Archivist::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !batches_.empty(); });
    if (batches_.empty()) return;
    const store::ArchiveBatch batch = std::move(batches_.front());
    batches_.pop_front();
    lock.unlock();
    write(batch);
    lock.lock();
  }
}

void Archivist::write(const store::ArchiveBatch& batch) {
  const Result<void> written = archive_->write(batch);
  if (!written) points_dropped_.fetch_add(batch.points, std::memory_order_relaxed);
  if (failing_.exchange(!written) == !written) return;
  complain_(written ? "" : written.error().message);
}

}  // namespace daruma::metrics
