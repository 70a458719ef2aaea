// SPDX-License-Identifier: Apache-2.0
//
// What a kept-alive exchange costs in system calls, and how long the loop means to sleep: seen by
// tracing a child process.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "io/loopback_for_test.h"

namespace daruma::io {
namespace {

constexpr int exchanges = 200;
constexpr int connections = 10;

// As a proxy does, without parsing: whatever the client side brings goes to the target side, and
// back.
class Relay final : AcceptHandler {
 public:
  Relay(EpollLoop& loop, const Address& target)
      : loop_(loop), target_(target), acceptor_(listen_on_loopback(loop, *this)) {}
  Address local() const { return acceptor_->local(); }
  bool ready() const { return pairs_.size() == connections && connected_ == connections; }
  int passed_on() const { return passed_on_; }

 private:
  struct Side final : SocketHandler {
    void on_connected() override { ++*connected; }
    void on_readable() override {
      char bytes[4096];
      const IoResult got = socket->read(bytes);
      if (got.status != IoStatus::done) return;
      other->socket->write(std::string_view(bytes, got.bytes));
      ++*passed_on;
    }
    void on_writable() override {}
    int* connected = nullptr;
    int* passed_on = nullptr;
    Side* other = nullptr;
    std::unique_ptr<Socket> socket;
  };
  struct Pair {
    Side client, target;
  };

  void on_accept(std::unique_ptr<Socket> socket) override {
    Pair& pair = *pairs_.emplace_back(std::make_unique<Pair>());
    pair.client.socket = std::move(socket);
    pair.client.socket->set_handler(pair.client);
    pair.client.other = &pair.target;
    pair.target.other = &pair.client;
    pair.target.connected = &connected_;
    pair.client.passed_on = pair.target.passed_on = &passed_on_;
    pair.target.socket = loop_.connect(target_, pair.target);
  }

  EpollLoop& loop_;
  Address target_;
  std::unique_ptr<Acceptor> acceptor_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  int connected_ = 0;
  int passed_on_ = 0;
};

// Blocking read and write, which the loop itself never calls on sockets: so they can be told apart.
bool pass_on(int from, int to) {
  char bytes[64];
  const ssize_t count = read(from, bytes, sizeof bytes);
  return count > 0 && write(to, bytes, static_cast<size_t>(count)) == count;
}

// Exit status 0 if every exchange came back.
int relay_exchanges() {
  EpollLoop loop(1);
  const Descriptor listening(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listening.number(), reinterpret_cast<sockaddr*>(&address), size) != 0) return 1;
  if (listen(listening.number(), connections) != 0) return 1;
  getsockname(listening.number(), reinterpret_cast<sockaddr*>(&address), &size);

  Relay relay(loop, loopback.with_port(ntohs(address.sin_port)));
  std::vector<RawPeer> clients;
  std::vector<Descriptor> targets;
  for (int i = 0; i < connections; ++i) clients.emplace_back(relay.local());
  if (!turn_until(loop, [&] { return relay.ready(); })) return 2;
  // Not accept4, which is what the loop calls: so they can be told apart.
  for (int i = 0; i < connections; ++i) {
    targets.emplace_back(accept(listening.number(), nullptr, nullptr));
  }
  settle(loop);
  kill(getpid(), SIGUSR1);  // from here on it counts
  int expected = 0;
  const auto relay_all = [&] {
    expected += connections;
    return turn_until(loop, [&] { return relay.passed_on() == expected; });
  };
  for (int i = 0; i < exchanges; ++i) {
    for (RawPeer& client : clients) {
      if (write(client.number(), "request", 7) != 7) return 3;
    }
    if (!relay_all()) return 6;
    for (const Descriptor& target : targets) {
      if (!pass_on(target.number(), target.number())) return 4;
    }
    if (!relay_all()) return 7;
    for (RawPeer& client : clients) {
      char bytes[64];
      if (read(client.number(), bytes, sizeof bytes) != 7) return 5;
    }
  }
  kill(getpid(), SIGUSR2);
  return 0;
}

// A turn that goes on beyond the deadline that was set in it; then the one that meets the deadline.
int overrun_a_deadline() {
  struct NoHandler final : TimerHandler {
    void on_timer(Timer&) override {}
  };
  struct LongTask final : Task {
    explicit LongTask(std::function<void()> does) : action(std::move(does)) {}
    void run() override { action(); }
    std::function<void()> action;
  };
  EpollLoop loop(1);
  NoHandler handler;
  Timer timer(loop.timers(), handler);
  LongTask task([&] {
    timer.set(loop.now() + 5ms);
    const Instant past_it = timer.deadline() + 1ms;
    while (std::chrono::steady_clock::now().time_since_epoch() < past_it.time_since_epoch()) {
    }
  });
  loop.call_soon(task);
  loop.turn();
  kill(getpid(), SIGUSR1);
  loop.turn();
  kill(getpid(), SIGUSR2);
  return timer.is_set() ? 1 : 0;
}

struct Traced {
  std::map<uint64_t, int> counts;  // of system calls, by number
  std::vector<int> sleeps;         // milliseconds that epoll_wait was asked for
};

// Newer architectures have only the second.
#ifdef SYS_epoll_wait
constexpr uint64_t sleep_call = SYS_epoll_wait;
#else
constexpr uint64_t sleep_call = SYS_epoll_pwait;
#endif

// Lets the child run to its end; keeps its system calls between SIGUSR1 and SIGUSR2. Returns its
// status.
int trace(pid_t child, Traced& traced) {
  bool counting = false;
  int status = 0;
  int signal_number = 0;
  for (;;) {
    ptrace(PTRACE_SYSCALL, child, nullptr, static_cast<intptr_t>(signal_number));
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return status;
    signal_number = WSTOPSIG(status);
    if (signal_number == SIGUSR1) counting = true;
    if (signal_number == SIGUSR2) counting = false;
    if (signal_number == SIGUSR1 || signal_number == SIGUSR2) signal_number = 0;
    if (signal_number != (SIGTRAP | 0x80)) continue;
    signal_number = 0;
    __ptrace_syscall_info info{};
    ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
    if (!counting || info.op != PTRACE_SYSCALL_INFO_ENTRY) continue;
    ++traced.counts[info.entry.nr];
    if (info.entry.nr == sleep_call) traced.sleeps.push_back(static_cast<int>(info.entry.args[3]));
  }
}

// What a child does that must return 0; nullopt if this machine allows no tracing.
std::optional<Traced> traced_run(int (*scenario)()) {
  const pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(77);
    raise(SIGSTOP);
    _exit(scenario());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return std::nullopt;
  ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  Traced traced;
  status = trace(child, traced);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  return traced;
}

TEST(SystemCalls, exchange_costs_one_read_and_one_write_per_side) {
  std::optional<Traced> traced = traced_run(relay_exchanges);
  if (!traced) GTEST_SKIP() << "tracing is not allowed here";
  std::map<uint64_t, int>& counts = traced->counts;
  constexpr int served = exchanges * connections;
  EXPECT_EQ(counts[SYS_recvfrom], 2 * served);
  EXPECT_EQ(counts[SYS_sendto], 2 * served);
  // One for all connections, each way; a few more if the kernel does not deliver all at once.
  EXPECT_NEAR(counts[sleep_call], 2 * exchanges, exchanges);
  // The client's and the target's own.
  EXPECT_EQ(counts[SYS_read], 2 * served);
  EXPECT_EQ(counts[SYS_write], 2 * served);
  for (const auto number : {SYS_epoll_ctl, SYS_getsockopt, SYS_setsockopt, SYS_fcntl, SYS_recvmsg,
                            SYS_sendmsg, SYS_accept4, SYS_clock_gettime, SYS_ioctl}) {
    EXPECT_EQ(counts[static_cast<uint64_t>(number)], 0) << "system call " << number;
  }
}

TEST(SystemCalls, a_long_turn_is_no_part_of_the_sleep_that_follows) {
  const std::optional<Traced> traced = traced_run(overrun_a_deadline);
  if (!traced) GTEST_SKIP() << "tracing is not allowed here";
  EXPECT_EQ(traced->sleeps, std::vector{0});
}

}  // namespace
}  // namespace daruma::io
