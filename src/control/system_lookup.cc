// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "control/name_resolver.h"

namespace daruma::control {
namespace {

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

// getaddrinfo has no time limit that could be set, hence a thread that may hang for a while.
class SystemLookup final : public NameLookup {
 public:
  SystemLookup() : thread_([this] { serve(); }) {}
  ~SystemLookup() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void ask(const std::string& name, io::Mailbox<NameAnswer>& answers) override {
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back({name, &answers});
    }
    changed_.notify_one();
  }

  void withdraw(io::Mailbox<NameAnswer>& answers) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(questions_, [&](const Question& each) { return each.answers == &answers; });
    if (current_ == &answers) current_ = nullptr;
  }

 private:
  struct Question {
    std::string name;
    io::Mailbox<NameAnswer>* answers;
  };

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
      if (stopping_) return;
      const Question question = std::move(questions_.front());
      questions_.pop_front();
      current_ = question.answers;
      lock.unlock();
      NameAnswer answer = look_up(question.name);
      lock.lock();
      // Posted under the lock, so that withdraw() can promise that nothing comes after it.
      if (current_ != nullptr) current_->post(std::move(answer));
      current_ = nullptr;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> questions_;
  io::Mailbox<NameAnswer>* current_ = nullptr;  // who waits for the look-up under way
  bool stopping_ = false;
  std::thread thread_;  // last: everything above exists when it begins
};

}  // namespace

std::unique_ptr<NameLookup> make_system_lookup() {
  return std::make_unique<SystemLookup>();
}

}  // namespace daruma::control
