// SPDX-License-Identifier: Apache-2.0
//
// The thread that gives a LogShipper its turns.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "notify/clocks.h"
#include "notify/curl.h"
#include "notify/log_shipper.h"

namespace daruma::notify {

class LogShipperThread {
 public:
  LogShipperThread(LogShipperOptions options, std::vector<model::api::Bucket> buckets,
                   Clocks clocks, const Log& log);
  ~LogShipperThread() { stop(); }
  LogShipperThread(const LogShipperThread&) = delete;
  LogShipperThread& operator=(const LogShipperThread&) = delete;

  // Any thread.
  const telemetry::LogShipperTotals& totals() const { return shipper_.totals(); }
  // Ends what is under way and joins the thread; what waits is there at the next start.
  void stop();

 private:
  void run();

  const Clocks clocks_;
  CurlTransfers transfers_;
  CurlSender sender_;
  Buckets buckets_;
  std::atomic<bool> stopping_{false};
  LogShipper shipper_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::notify
