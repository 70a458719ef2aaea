// SPDX-License-Identifier: Apache-2.0
//
// The thread of one way: notices in, from any thread. Nobody waits for the way; keep() waits for
// the disk. So what was kept outlives a crash, however long the way takes for what came before.
#pragma once

#include <condition_variable>
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
  void post(const alarm::Notice& notice);
  // What was posted is on the disk (or the log says that it is not).
  void keep();
  // Ends what it is waiting for and joins the thread. What was posted is kept.
  void stop();

 private:
  void run();
  void deliver(std::unique_lock<std::mutex>& lock);
  void commit();

  const std::unique_ptr<Way> way_;
  const Clocks clocks_;
  const Log& log_;
  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  const std::unique_ptr<Outbox> outbox_;
  NoticeQueue queue_;
  bool disk_failing_ = false;
  bool posted_ = false;  // since the thread last looked
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::notify
