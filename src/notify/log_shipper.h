// SPDX-License-Identifier: Apache-2.0
//
// Takes complete log files further: those that wait for a bucket are compressed, put there and
// removed; those that stay are compressed, where that is wanted. What cannot be put waits, and is
// tried again after 5 s, 10 s, … 5 minutes, for each bucket apart; what waits is bounded, in bytes
// and by age: then the oldest goes, and is counted. Files stay on the disk until they are in the
// bucket, so that a restart loses none; one that ends between the two puts the same object again.
// One thread, which may wait.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "notify/buckets.h"
#include "notify/retry.h"
#include "telemetry/log_file.h"

namespace daruma::notify {

struct LogShipperOptions {
  std::filesystem::path directory;  // of logs; what waits is in telemetry::bucket_folder below it
  bool compress = false;            // files that stay, too
  uint64_t waiting_bytes_max = 4ull * 1024 * 1024 * 1024;
  std::chrono::hours age_max{7 * 24};
};

class LogShipper {
 public:
  // All of it outlives the shipper. `stopping` ends a turn between two files.
  LogShipper(LogShipperOptions options, Buckets& buckets, const Log& log,
             std::function<bool()> stopping);
  LogShipper(const LogShipper&) = delete;
  LogShipper& operator=(const LogShipper&) = delete;

  void turn(Instant now, WallTime wall_now);
  const telemetry::LogShipperTotals& totals() const { return totals_; }  // any thread

 private:
  struct Waiting {
    std::filesystem::path path;
    std::string bucket;
    std::string key;
    uint64_t bytes = 0;
    WallTime modified;
  };
  std::vector<Waiting> waiting() const;
  void shorten(std::vector<Waiting>& waiting, WallTime now);
  void ship(const Waiting& file, Instant now);
  void compress_those_that_stay();

  const LogShipperOptions options_;
  Buckets& buckets_;
  const Log& log_;
  const std::function<bool()> stopping_;
  telemetry::LogShipperTotals totals_;
  std::map<std::string, Retry> retries_;  // by bucket
};

// RFC 1952. Fails if the file cannot be read.
Result<std::string> gzipped(const std::filesystem::path& file);

}  // namespace daruma::notify
