// SPDX-License-Identifier: Apache-2.0
#include "io/epoll_loop.h"

#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "io/plain_acceptor.h"
#include "io/plain_socket.h"

namespace daruma::io {
namespace {

Duration read_clock_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Instant monotonic_now() {
  return Instant(read_clock_of(CLOCK_MONOTONIC));
}

}  // namespace

class EpollLoop::EpollWaker final : public Waker, public ListNode<EpollWaker> {
 public:
  EpollWaker(WakeUp& wake_up, WakeHandler& handler) : wake_up_(wake_up), handler_(handler) {}
  void wake() override;
  void deliver() {
    if (pending_.exchange(false)) handler_.on_wake();
  }

 private:
  WakeUp& wake_up_;
  WakeHandler& handler_;
  std::atomic<bool> pending_ = false;
};

// The one eventfd of a loop; all wakers share it.
class EpollLoop::WakeUp final : private Watched {
 public:
  explicit WakeUp(Epoll& epoll)
      : Watched(epoll), descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    DARUMA_ASSERT(descriptor_.is_open());
    // By edge: every write is one, so the counter need never be read.
    DARUMA_ASSERT(epoll.add(descriptor_, EPOLLIN | EPOLLET, *this));
  }

  void add(EpollWaker& waker) { wakers_.push_back(waker); }

  // Any thread.
  void signal() {
    const uint64_t one = 1;
    // Fails only when 2^64 - 2 wakes have not been read.
    (void)!write(descriptor_.number(), &one, sizeof one);
  }

 private:
  void on_events(uint32_t) override {
    // One at a time and out of another list, because a handler may make and destroy wakers.
    IntrusiveList<EpollWaker> rest;
    while (!wakers_.empty()) rest.push_back(wakers_.pop_front());
    while (!rest.empty()) {
      EpollWaker& waker = rest.pop_front();
      wakers_.push_back(waker);
      waker.deliver();
    }
  }

  Descriptor descriptor_;
  IntrusiveList<EpollWaker> wakers_;
};

void EpollLoop::EpollWaker::wake() {
  if (!pending_.exchange(true)) wake_up_.signal();
}

EpollLoop::EpollLoop(uint64_t seed)
    : Loop(monotonic_now()),
      random_(seed),
      now_(monotonic_now()),
      seen_all_(now_),
      sleeps_at_(now_),
      wake_up_(std::make_unique<WakeUp>(epoll_)) {}

EpollLoop::~EpollLoop() = default;

uint64_t EpollLoop::system_seed() {
  uint64_t seed = 0;
  DARUMA_ASSERT(getrandom(&seed, sizeof seed, 0) == sizeof seed);
  return seed;
}

void EpollLoop::run() {
  // What was set up before may have taken a while.
  read_clock();
  seen_all_ = now_;
  while (!stop_.exchange(false)) turn();
}

void EpollLoop::stop() {
  stop_.store(true);
  wake_up_->signal();
}

void EpollLoop::turn(Duration sleep_max) {
  epoll_.wait(sleep_milliseconds(sleep_max));
  read_clock();
  note_behind();
  epoll_.dispatch([this] { run_after_event(); });
  fire_timers();
  run_soon();
}

int EpollLoop::sleep_milliseconds(Duration sleep_max) {
  sleeps_at_ = never;  // not at all
  if (has_soon()) return 0;
  const Instant wakeup = timers().next_wakeup();
  sleeps_at_ = now_;  // or later, which without a timer nobody needs to know
  if (wakeup == never && sleep_max == Duration::max()) return -1;
  // Not from now_: this turn may have taken a while.
  sleeps_at_ = monotonic_now();
  const Duration sleep = wakeup == never ? sleep_max : std::min(sleep_max, wakeup - sleeps_at_);
  // Rounded up: waking too early would find nothing to do and spin.
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(sleep).count();
  return static_cast<int>(std::clamp<int64_t>(milliseconds, 0, std::numeric_limits<int>::max()));
}

// What comes while it sleeps is handled at once.
void EpollLoop::note_behind() {
  const Instant busy_until = sleeps_at_ < now_ ? sleeps_at_ : now_;
  set_behind(busy_until - seen_all_);
  if (!epoll_.is_full()) seen_all_ = now_;
}

void EpollLoop::read_clock() {
  now_ = monotonic_now();
  wall_now_is_current_ = false;
}

Instant EpollLoop::precise_now() const {
  return monotonic_now();
}

WallTime EpollLoop::wall_now() const {
  if (!wall_now_is_current_) {
    wall_now_ =
        WallTime(std::chrono::floor<std::chrono::microseconds>(read_clock_of(CLOCK_REALTIME)));
    wall_now_is_current_ = true;
  }
  return wall_now_;
}

std::unique_ptr<Socket> EpollLoop::connect(const Address& address, SocketHandler& handler) {
  auto socket = PlainSocket::connecting(epoll_, address, handler);
  if (!socket) return std::make_unique<FailedSocket>(*this, address, handler, socket.error());
  return std::move(*socket);
}

Result<std::unique_ptr<Acceptor>> EpollLoop::listen(const Address& address, AcceptHandler& handler,
                                                    const ListenOptions& options) {
  auto acceptor = PlainAcceptor::listen(epoll_, *this, address, handler, options);
  if (!acceptor) return fail(acceptor.error().message);
  return std::move(*acceptor);
}

std::unique_ptr<Waker> EpollLoop::make_waker(WakeHandler& handler) {
  auto waker = std::make_unique<EpollWaker>(*wake_up_, handler);
  wake_up_->add(*waker);
  return waker;
}

}  // namespace daruma::io
