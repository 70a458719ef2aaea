// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "control/name_resolver.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace limits = model::limits;

Address address_of(const sockaddr* from) {
  if (from->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, from, sizeof v4);
    std::array<uint8_t, 4> octets;
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    return Address::v4(octets, 0);
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, from, sizeof v6);
  std::array<uint8_t, 16> octets;
  std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
  return Address::v6(octets, 0);
}

NameAnswer look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  NameAnswer answer{name, {}, {}};
  if (const int error = getaddrinfo(name.c_str(), nullptr, &hints, &list); error != 0) {
    answer.problem = gai_strerror(error);
    return answer;
  }
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    if (item->ai_family != AF_INET && item->ai_family != AF_INET6) continue;
    answer.addresses.push_back(address_of(item->ai_addr));
  }
  freeaddrinfo(list);
  if (answer.addresses.empty()) answer.problem = "the name has no address";
  return answer;
}

// The questions, shared with the threads that answer them. A look-up has no time limit that could
// be set, so nobody waits for a thread: what is still under way at the end is left to itself.
class Desk {
 public:
  explicit Desk(BlockingLookup look_up) : look_up_(std::move(look_up)) {}

  // True if another thread should serve().
  bool ask(const std::string& name, NameTurn turn, io::Mailbox<NameAnswer>& answers) {
    const std::lock_guard lock(mutex_);
    waiting(turn).push_back({name, turn, &answers});
    changed_.notify_one();
    const size_t open = running_.size() + first_.size() + last_.size();
    if (threads_ >= std::min(open, limits::lookups_at_once_max)) return false;
    ++threads_;
    return true;
  }

  void withdraw(const io::Mailbox<NameAnswer>& answers) {
    const std::lock_guard lock(mutex_);
    const auto is_theirs = [&](const Question& each) { return each.answers == &answers; };
    std::erase_if(first_, is_theirs);
    std::erase_if(last_, is_theirs);
    for (Question& each : running_) {
      if (is_theirs(each)) each.answers = nullptr;
    }
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (Question& each : running_) each.answers = nullptr;
    changed_.notify_all();
  }

  // Answers questions until close().
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return closed_ || next() != nullptr; });
      if (closed_) return;
      std::deque<Question>& queue = *next();
      const auto question = running_.insert(running_.end(), std::move(queue.front()));
      queue.pop_front();
      lock.unlock();
      NameAnswer answer = look_up_(question->name);
      lock.lock();
      // Posted under the lock, so that withdraw() can promise that nothing comes after it.
      if (question->answers != nullptr) question->answers->post(std::move(answer));
      running_.erase(question);
    }
  }

 private:
  struct Question {
    std::string name;
    NameTurn turn;
    io::Mailbox<NameAnswer>* answers;  // null: nobody waits any more
  };

  std::deque<Question>& waiting(NameTurn turn) { return turn == NameTurn::first ? first_ : last_; }

  // Where the next question to be answered stands; null if none may begin now.
  std::deque<Question>* next() {
    if (!first_.empty()) return &first_;
    const auto failing = std::ranges::count(running_, NameTurn::last, &Question::turn);
    const bool room = static_cast<size_t>(failing) < limits::failing_lookups_at_once_max;
    return room && !last_.empty() ? &last_ : nullptr;
  }

  const BlockingLookup look_up_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> first_;
  std::deque<Question> last_;
  std::list<Question> running_;
  size_t threads_ = 0;
  bool closed_ = false;
};

class ThreadedLookup final : public NameLookup {
 public:
  explicit ThreadedLookup(BlockingLookup look_up)
      : desk_(std::make_shared<Desk>(std::move(look_up))) {}
  ~ThreadedLookup() override { desk_->close(); }

  void ask(const std::string& name, NameTurn turn, io::Mailbox<NameAnswer>& answers) override {
    if (desk_->ask(name, turn, answers)) std::thread([desk = desk_] { desk->serve(); }).detach();
  }
  void withdraw(io::Mailbox<NameAnswer>& answers) override { desk_->withdraw(answers); }

 private:
  const std::shared_ptr<Desk> desk_;
};

}  // namespace

std::unique_ptr<NameLookup> make_threaded_lookup(BlockingLookup look_up) {
  return std::make_unique<ThreadedLookup>(std::move(look_up));
}

std::unique_ptr<NameLookup> make_system_lookup() {
  return make_threaded_lookup(look_up);
}

}  // namespace daruma::control
