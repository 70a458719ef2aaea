// SPDX-License-Identifier: Apache-2.0
#include "console/password_checker.h"

#include <string>
#include <utility>

#include "control/password_hash.h"

namespace daruma::console {
namespace {

// Nobody's, of the cost that hash_of_password() has.
const std::string nobodys_hash =
    "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + std::string(43, 'A');

}  // namespace

PasswordThread::PasswordThread(io::Loop& loop)
    : answers_(loop, *this), thread_([this] { run(); }) {}

PasswordThread::~PasswordThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool PasswordThread::check(std::string password, std::string hash, Done done) {
  if (waiting_.size() >= waiting_max) return false;
  const uint64_t number = ++last_number_;
  waiting_[number] = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    questions_.push_back({number, std::move(password), std::move(hash)});
  }
  wake_.notify_one();
  return true;
}

void PasswordThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_) return;
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    const bool known = !question.hash.empty();
    const bool right =
        control::is_password(question.password, known ? question.hash : nobodys_hash);
    answers_.post({question.number, right && known});
    lock.lock();
  }
}

void PasswordThread::on_letter(std::pair<uint64_t, bool> answer) {
  const auto found = waiting_.find(answer.first);
  const Done done = std::move(found->second);
  waiting_.erase(found);
  done(answer.second);
}

}  // namespace daruma::console
