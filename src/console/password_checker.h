// SPDX-License-Identifier: Apache-2.0
//
// Whether a password is the one of a hash, found out on a thread of its own, one after another: it
// takes a few tenths of a second and 64 MB by intention, and neither the control thread nor a
// worker should wait for that. The queue is short: who guesses at passwords does not get the node.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "io/loop.h"
#include "io/mailbox.h"

namespace daruma::console {

class PasswordChecker {
 public:
  using Done = std::function<void(bool is_it)>;
  // `hash`: "" is nobody's password, and takes as long to find out. `done` is called later, on the
  // control thread. False: too many are waiting, and `done` is not called.
  virtual bool check(std::string password, std::string hash, Done done) = 0;

 protected:
  ~PasswordChecker() = default;
};

class PasswordThread final : public PasswordChecker,
                             private io::Mailbox<std::pair<uint64_t, bool>>::Reader {
 public:
  static constexpr size_t waiting_max = 16;

  explicit PasswordThread(io::Loop& loop);
  ~PasswordThread();  // who still waits is not answered
  PasswordThread(const PasswordThread&) = delete;
  PasswordThread& operator=(const PasswordThread&) = delete;

  bool check(std::string password, std::string hash, Done done) override;

 private:
  struct Question {
    uint64_t number;
    std::string password;
    std::string hash;
  };
  void run();
  void on_letter(std::pair<uint64_t, bool> answer) override;

  uint64_t last_number_ = 0;
  std::map<uint64_t, Done> waiting_;  // by the question's number
  io::Mailbox<std::pair<uint64_t, bool>> answers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Question> questions_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::console
