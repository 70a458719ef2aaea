// SPDX-License-Identifier: Apache-2.0
#include <ares.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <limits>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "control/name_resolver.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace limits = model::limits;

using AddressInfo = std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)>;

struct Reply {
  bool done = false;
  int status = ARES_SUCCESS;
  AddressInfo found{nullptr, ares_freeaddrinfo};
};

void on_reply(void* reply, int status, int, ares_addrinfo* found) {
  auto& into = *static_cast<Reply*>(reply);
  into.done = true;
  into.status = status;
  into.found.reset(found);
}

// What one look-up asks with, on the thread that looks up.
class Channel {
 public:
  // `sources`: "f" for /etc/hosts, "b" for name servers.
  Channel(const char* sources, const std::vector<Address>& servers) {
    ares_options options{};
    options.timeout = static_cast<int>(limits::name_server_timeout / 1ms);
    options.tries = limits::name_server_rounds;
    std::string lookups = sources;
    options.lookups = lookups.data();
    status_ = ares_init_options(&channel_, &options,
                                ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
    if (status_ != ARES_SUCCESS || servers.empty()) return;
    std::string list;
    for (const Address& server : servers) list += (list.empty() ? "" : ",") + server.to_string();
    status_ = ares_set_servers_ports_csv(channel_, list.c_str());
  }
  ~Channel() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  Reply ask(const std::string& name, int family) {
    Reply reply;
    reply.status = status_;
    if (status_ != ARES_SUCCESS) return reply;
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    hints.ai_flags = ARES_AI_NOSORT;  // sorting would open a socket for each address
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, on_reply, &reply);
    while (!reply.done) wait();
    return reply;
  }

 private:
  // Until something was read or written, or a server's time is over.
  void wait() {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted = static_cast<unsigned>(
        ares_getsock(channel_, sockets.data(), static_cast<int>(sockets.size())));
    std::array<pollfd, ARES_GETSOCK_MAXNUM> polled{};
    nfds_t count = 0;
    for (unsigned i = 0; i < sockets.size(); ++i) {
      const bool reads = ARES_GETSOCK_READABLE(wanted, i);
      const bool writes = ARES_GETSOCK_WRITABLE(wanted, i);
      if (!reads && !writes) continue;
      const int events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0);
      polled[count++] = {sockets[i], static_cast<short>(events), 0};
    }
    timeval patience{};
    ares_timeout(channel_, nullptr, &patience);
    poll(polled.data(), count,
         static_cast<int>(patience.tv_sec * 1000 + patience.tv_usec / 1000 + 1));
    for (nfds_t i = 0; i < count; ++i) {
      const bool readable = polled[i].revents & (POLLIN | POLLERR | POLLHUP);
      const bool writable = polled[i].revents & POLLOUT;
      ares_process_fd(channel_, readable ? polled[i].fd : ARES_SOCKET_BAD,
                      writable ? polled[i].fd : ARES_SOCKET_BAD);
    }
    if (count == 0) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }

  ares_channel channel_ = nullptr;
  int status_;
};

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

void add_addresses(const Reply& reply, NameAnswer& answer) {
  for (const auto* node = reply.found->nodes; node != nullptr; node = node->ai_next) {
    answer.addresses.push_back(address_of(node->ai_addr));
  }
}

// RFC 2181 8: one that is negative counts as 0.
Duration least_ttl(const Reply& reply) {
  int seconds = std::numeric_limits<int>::max();
  for (const auto* node = reply.found->nodes; node != nullptr; node = node->ai_next) {
    seconds = std::min(seconds, node->ai_ttl);
  }
  for (const auto* alias = reply.found->cnames; alias != nullptr; alias = alias->next) {
    seconds = std::min(seconds, alias->ttl);
  }
  return std::max(seconds, 0) * 1s;
}

bool says_none(int status) {
  return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

// c-ares calls it a success if one family was answered; the other may have none, or no server may
// have said so. The full name that was found is asked for it once more.
void ask_for_other_family(Channel& servers, const Reply& found, NameAnswer& answer) {
  const Address::Family family = answer.addresses.front().family();
  const auto is_other = [&](const Address& address) { return address.family() != family; };
  if (found.found->name == nullptr || std::ranges::any_of(answer.addresses, is_other)) return;
  const bool is_v4 = family == Address::Family::v4;
  const std::string full_name = found.found->name + std::string(".");
  const Reply other = servers.ask(full_name, is_v4 ? AF_INET6 : AF_INET);
  if (other.status == ARES_SUCCESS) {
    add_addresses(other, answer);
    answer.ttl = std::min(*answer.ttl, least_ttl(other));
  } else if (!says_none(other.status)) {
    answer.unanswered = is_v4 ? Address::Family::v6 : Address::Family::v4;
  }
}

NameAnswer look_up(const std::string& name, const std::vector<Address>& servers) {
  NameAnswer answer{name, {}, {}};
  const Reply in_file = Channel("f", {}).ask(name, AF_UNSPEC);
  if (in_file.status == ARES_SUCCESS) {
    add_addresses(in_file, answer);
    return answer;
  }
  Channel channel("b", servers);
  const Reply reply = channel.ask(name, AF_UNSPEC);
  if (reply.status != ARES_SUCCESS) {
    answer.problem = ares_strerror(reply.status);
    return answer;
  }
  add_addresses(reply, answer);
  if (answer.addresses.empty()) {
    answer.problem = "the name has no address";
    return answer;
  }
  answer.ttl = least_ttl(reply);
  ask_for_other_family(channel, reply, answer);
  return answer;
}

// The questions, shared with the threads that answer them. A look-up may take many seconds, so
// nobody waits for a thread: what is still under way at the end is left to itself.
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

  void use_servers(const std::vector<Address>& servers) {
    const std::lock_guard lock(mutex_);
    servers_ = servers;
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
      const std::vector<Address> servers = servers_;
      lock.unlock();
      NameAnswer answer = look_up_(question->name, servers);
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
  std::vector<Address> servers_;
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
  void use_servers(const std::vector<Address>& servers) override { desk_->use_servers(servers); }
  void withdraw(io::Mailbox<NameAnswer>& answers) override { desk_->withdraw(answers); }

 private:
  const std::shared_ptr<Desk> desk_;
};

}  // namespace

std::unique_ptr<NameLookup> make_threaded_lookup(BlockingLookup look_up) {
  return std::make_unique<ThreadedLookup>(std::move(look_up));
}

std::unique_ptr<NameLookup> make_system_lookup() {
  // Once in the process, and never cleaned up: threads that nobody waits for may still be asking
  // then, and except on Windows it holds nothing.
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  DARUMA_ASSERT(status == ARES_SUCCESS);
  return make_threaded_lookup(look_up);
}

}  // namespace daruma::control
