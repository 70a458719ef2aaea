// SPDX-License-Identifier: Apache-2.0
#include "notify/remote_reader.h"

#include <utility>

#include "notify/buckets.h"

namespace daruma::notify {
namespace {

RemoteAnswer answer_of(const Ec2Question& question, const Deadline& deadline, HttpSender& sender) {
  return ask_ec2(question, deadline, sender);
}

RemoteAnswer answer_of(const ObjectQuestion& question, const Deadline& deadline,
                       HttpSender& sender) {
  const Duration left = deadline.left();
  if (left <= 0s)
    return ObjectAnswer(tl::unexpected(ServiceProblem{"there was no time left for it", true}));
  return Buckets({question.bucket}, sender)
      .get(question.bucket.name, question.key, question.bytes_max,
           {.version = question.version, .timeout = left});
}

}  // namespace

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

bool RemoteReader::ask(RemoteQuestion question, Instant deadline, Done done) {
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
    const Deadline deadline{now_, asked.deadline};
    answers_.post({asked.number, std::visit(
                                     [&deadline, &sender](const auto& question) {
                                       return answer_of(question, deadline, sender);
                                     },
                                     asked.question)});
    lock.lock();
  }
}

void RemoteReader::on_letter(std::pair<uint64_t, RemoteAnswer> answer) {
  const auto found = waiting_.find(answer.first);
  const Done done = std::move(found->second);
  waiting_.erase(found);
  done(std::move(answer.second));
}

}  // namespace daruma::notify
