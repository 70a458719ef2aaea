// SPDX-License-Identifier: Apache-2.0
//
// The thread of one way: notices in, from any thread, which never waits for it.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "alarm/notice.h"
#include "base/log.h"
#include "notify/clocks.h"
#include "notify/notice_queue.h"
#include "notify/outbox.h"
#include "notify/way.h"

namespace daruma::notify {

class NoticeThread {
 public:
  // `file`: what is to be delivered is kept there; "": in memory only.
  NoticeThread(std::unique_ptr<Way> way, const std::string& file, Clocks clocks, const Log& log);
  ~NoticeThread() { stop(); }
  NoticeThread(const NoticeThread&) = delete;
  NoticeThread& operator=(const NoticeThread&) = delete;

  const std::string& name() const { return way_->name(); }
  void post(alarm::Notice notice);
  // Ends what it is waiting for and joins the thread. What was posted is kept.
  void stop();

 private:
  void run();
  void take(std::deque<alarm::Notice> fresh);
  void deliver();
  void commit();

  const std::unique_ptr<Way> way_;
  const Clocks clocks_;
  const Log& log_;
  const std::unique_ptr<Outbox> outbox_;
  NoticeQueue queue_;
  bool disk_failing_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<alarm::Notice> fresh_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::notify
