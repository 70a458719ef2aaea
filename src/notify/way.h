// SPDX-License-Identifier: Apache-2.0
//
// One way to reach people. Each has a thread of its own (notify/notice_thread), which may wait.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alarm/notice.h"
#include "base/result.h"
#include "notify/curl.h"

namespace daruma::notify {

class Way {
 public:
  virtual ~Way() = default;
  virtual const std::string& name() const = 0;
  // All of them at once, as one message. Waits. Fails with the reason; then it is tried again.
  virtual Result<void> deliver(std::span<const alarm::Notice> notices, WallTime now) = 0;
  // Any thread: what delivers fails at once, and everything later too.
  virtual void stop() = 0;
};

std::unique_ptr<Way> make_webhook(const std::string& name, const std::string& url);

struct MailSettings {
  std::string name;
  std::string server;  // "smtp://host:25" (TLS where the server has it; required with a user),
                       // "smtps://host"
  std::string from;
  std::vector<std::string> to;
  std::string user;  // "": no login
  std::string password;
};
std::unique_ptr<Way> make_mail(const MailSettings& settings);

}  // namespace daruma::notify
