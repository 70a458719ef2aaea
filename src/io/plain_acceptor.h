// SPDX-License-Identifier: Apache-2.0
//
// Acceptor on a listening TCP socket that epoll watches.
#pragma once

#include <memory>

#include "io/epoll.h"
#include "io/loop.h"
#include "io/timer_wheel.h"

namespace daruma::io {

class PlainAcceptor final : public Acceptor, private Watched, private TimerHandler {
 public:
  // Connections taken in one turn, so that a burst of them does not starve those that are served;
  // the rest waits in the kernel's queue until the next turn.
  static constexpr int accepts_per_turn_max = 64;
  // How long nothing is accepted after the system refused (see AcceptHandler::on_accept_paused).
  static constexpr Duration retry_after = 100ms;

  static Result<std::unique_ptr<PlainAcceptor>> listen(Epoll& epoll, Loop& loop,
                                                       const Address& address,
                                                       AcceptHandler& handler,
                                                       const ListenOptions& options);
  PlainAcceptor(Epoll& epoll, Loop& loop, Descriptor descriptor, AcceptHandler& handler);

  Address local() const override { return local_; }
  void pause() override;
  void resume() override;

 private:
  void on_events(uint32_t events) override;
  void on_timer(Timer&) override { resume(); }
  // False if there is nothing more to accept now.
  bool accept_one();
  void refused(SocketError error);

  Loop& loop_;
  AcceptHandler& handler_;
  Descriptor descriptor_;
  Address local_;
  Timer retry_;
  bool watching_ = false;
};

}  // namespace daruma::io
