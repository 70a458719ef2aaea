// SPDX-License-Identifier: Apache-2.0
//
// Notices that one way has yet to deliver: grouped, no more than a message in `pause`, tried again
// later and later, kept until they are delivered. Pure but for the outbox.
#pragma once

#include <string>
#include <vector>

#include "alarm/notice.h"
#include "base/time.h"
#include "notify/outbox.h"
#include "notify/retry.h"

namespace daruma::notify {

class NoticeQueue {
 public:
  static constexpr Duration gather = 1s;  // alarms that go off together are one message
  static constexpr Duration pause = 30s;  // between messages; a test does not wait for it
  static constexpr size_t notices_per_message_max = 50;
  static constexpr size_t bytes_max = 1024 * 1024;  // then the oldest go

  // The outbox is this queue's own, and outlives it.
  explicit NoticeQueue(Outbox& outbox) : outbox_(outbox), retry_(5s, 5min) {}

  // How many of the oldest had to go for it.
  uint64_t add(const alarm::Notice& notice, Instant now);
  bool empty() const;
  // When something should be delivered; never: when something is added. After a start: at once.
  Instant due() const;
  // The oldest, as one message.
  struct Message {
    std::vector<std::string> keys;  // of the notices, and of what can no longer be read
    std::vector<alarm::Notice> notices;
  };
  Message next() const;
  // That message is delivered, or was not.
  void delivered(const Message& message, Instant now);
  void failed(Instant now) { retry_.failed(now); }
  bool failing() const { return retry_.failing(); }

 private:
  Outbox& outbox_;
  Retry retry_;
  Instant gathered_{};  // no message before
  Instant paused_{};    // nor before this, but for tests
  uint64_t keys_ = 0;
};

}  // namespace daruma::notify
