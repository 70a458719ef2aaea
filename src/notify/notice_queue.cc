// SPDX-License-Identifier: Apache-2.0
#include "notify/notice_queue.h"

#include <fmt/format.h>

#include <algorithm>

namespace daruma::notify {
namespace {

constexpr const char* kind = "notice";  // time and number → notice

}  // namespace

uint64_t NoticeQueue::add(const alarm::Notice& notice, Instant now) {
  const std::string key =
      fmt::format("{:020}-{:06}", notice.at.time_since_epoch().count(), keys_++ % 1'000'000);
  if (empty()) gathered_ = now + gather;
  if (notice.test) paused_ = {};
  outbox_.put(kind, key, alarm::json_of(notice));
  return outbox_.shorten(kind, bytes_max);
}

bool NoticeQueue::empty() const {
  return outbox_.of(kind).empty();
}

Instant NoticeQueue::due() const {
  return empty() ? never : std::max({gathered_, paused_, retry_.at()});
}

NoticeQueue::Message NoticeQueue::next() const {
  Message message;
  for (const auto& [key, text] : outbox_.of(kind)) {
    if (message.notices.size() == notices_per_message_max) break;
    message.keys.push_back(key);
    if (auto notice = alarm::parse_notice(text)) message.notices.push_back(std::move(*notice));
  }
  return message;
}

void NoticeQueue::delivered(const Message& message, Instant now) {
  for (const std::string& key : message.keys) outbox_.erase(kind, key);
  retry_.succeeded();
  paused_ = now + pause;
}

}  // namespace daruma::notify
