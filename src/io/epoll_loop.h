// SPDX-License-Identifier: Apache-2.0
//
// Loop on Linux epoll. Each turn: sleep until something happens, read the clock, handle up to
// Epoll::batch_max events, fire timers, run the tasks of call_soon().
//
// System calls: per turn one epoll_wait; per connection one epoll_ctl when it begins; per event
// none but the handler's own reads and writes. The clock is read through the vDSO, before a sleep
// that a timer ends and after each.
#pragma once

#include <atomic>
#include <memory>

#include "io/epoll.h"
#include "io/loop.h"

namespace daruma::io {

class EpollLoop final : public Loop {
 public:
  // The seed decides what random() gives.
  explicit EpollLoop(uint64_t seed);
  // Unpredictable bits from the system, for production's seed.
  static uint64_t system_seed();
  // REQUIRES: no socket, acceptor, waker or set timer of this loop is left.
  ~EpollLoop() override;

  // Turns until stop() is called; if it was before, not at all.
  void run();
  // Makes run() return after the current turn. Any thread, and signal handlers.
  void stop();
  // One turn; sleeps no longer than `sleep_max`. For tests.
  void turn(Duration sleep_max = Duration::max());

  Instant now() const override { return now_; }
  Instant precise_now() const override;
  WallTime wall_now() const override;
  Random& random() override { return random_; }
  std::unique_ptr<Socket> connect(const Address& address, SocketHandler& handler) override;
  Result<std::unique_ptr<Acceptor>> listen(const Address& address, AcceptHandler& handler,
                                           const ListenOptions& options) override;
  std::unique_ptr<Waker> make_waker(WakeHandler& handler) override;

 private:
  class WakeUp;
  class EpollWaker;

  int sleep_milliseconds(Duration sleep_max);
  void read_clock();
  void note_behind();

  Random random_;
  Instant now_;
  Instant seen_all_;   // what was ready by then has been fetched
  Instant sleeps_at_;  // when the last sleep began
  mutable WallTime wall_now_;
  mutable bool wall_now_is_current_ = false;
  Epoll epoll_;
  std::unique_ptr<WakeUp> wake_up_;
  std::atomic<bool> stop_ = false;
};

}  // namespace daruma::io
