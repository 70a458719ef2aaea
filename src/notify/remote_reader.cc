// SPDX-License-Identifier: Apache-2.0
#include "notify/remote_reader.h"

#include <utility>

namespace daruma::notify {

RemoteReader::RemoteReader(io::Loop& loop, std::function<Instant()> now)
    : now_(std::move(now)), answers_(loop, *this), thread_([this] { run(); }) {}

RemoteReader::~RemoteReader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  transfers_.stop();
  wake_.notify_one();
  thread_.join();
}

bool RemoteReader::ask(Ec2Question question, Instant deadline, Done done) {
  if (waiting_.size() >= waiting_max) return false;
  const uint64_t number = ++last_number_;
  waiting_[number] = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    questions_.push_back({number, std::move(question), deadline});
  }
  wake_.notify_one();
  return true;
}

void RemoteReader::run() {
  CurlSender sender(transfers_);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_) return;
    const Asked asked = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    answers_.post({asked.number, ask_ec2(asked.question, {now_, asked.deadline}, sender)});
    lock.lock();
  }
}

void RemoteReader::on_letter(std::pair<uint64_t, Ec2Answer> answer) {
  const auto found = waiting_.find(answer.first);
  const Done done = std::move(found->second);
  waiting_.erase(found);
  done(std::move(answer.second));
}

}  // namespace daruma::notify
