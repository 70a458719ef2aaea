// SPDX-License-Identifier: Apache-2.0
//
// The thread that writes to the archive of points, so that neither the control thread nor a worker
// waits for the disk. What it has not written yet is bounded: where the disk does not keep up, or
// is full, batches are dropped and their points counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "store/archive.h"

namespace daruma::metrics {

class Archivist {
 public:
  static constexpr size_t batches_max = 64;  // some ten minutes

  // `complain` is called on the archivist's thread, when writing first fails and when it works
  // again ("").
  Archivist(std::unique_ptr<store::Archive> archive,
            std::function<void(const std::string& problem)> complain,
            size_t batches_most = batches_max);
  ~Archivist() { stop(); }
  Archivist(const Archivist&) = delete;
  Archivist& operator=(const Archivist&) = delete;

  // Any thread; never waits for the disk.
  void post(store::ArchiveBatch batch);
  // Writes what was posted and joins the thread.
  void stop();

  // Any thread. The last batch could not be written, or the next one may not be taken.
  bool is_behind();
  uint64_t points_dropped() const { return points_dropped_.load(std::memory_order_relaxed); }

 private:
  void run();
  void write(const store::ArchiveBatch& batch);

  const std::unique_ptr<store::Archive> archive_;
  const std::function<void(const std::string&)> complain_;
  const size_t batches_most_;
  std::atomic<bool> failing_{false};
  std::atomic<uint64_t> points_dropped_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<store::ArchiveBatch> batches_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::metrics
