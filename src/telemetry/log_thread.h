// SPDX-License-Identifier: Apache-2.0
//
// The thread that gives a LogWriter its turns.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/time.h"
#include "telemetry/log_writer.h"

namespace daruma::telemetry {

class LogThread {
 public:
  // `wall_now` tells the time, to the new thread and for the last turn to stop()'s. The writer
  // outlives this object.
  LogThread(LogWriter& writer, std::function<WallTime()> wall_now, Duration turn_every = 50ms);
  ~LogThread() { stop(); }
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;

  // Gives the writer its last turn and joins the thread. REQUIRES: no one pushes lines any more.
  void stop();

 private:
  void run();

  LogWriter& writer_;
  const std::function<WallTime()> wall_now_;
  const Duration turn_every_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::telemetry
