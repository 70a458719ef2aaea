// SPDX-License-Identifier: Apache-2.0
//
// A Loop whose clock and network live in memory: time moves only when a test says so, connections
// join listeners of the same loop, and what cannot be connected to fails in a way that the test
// chose. Events happen in the order in which they were caused.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/check.h"
#include "io/loop.h"

namespace daruma::health {

class FakeLoop final : public io::Loop {
 public:
  explicit FakeLoop(uint64_t seed = 1) : Loop(Instant{} + 1h), random_(seed) {}

  Instant now() const override { return now_; }
  WallTime wall_now() const override {
    return WallTime(std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()));
  }
  Random& random() override { return random_; }
  std::unique_ptr<io::Socket> connect(const Address& address, io::SocketHandler& handler) override;
  Result<std::unique_ptr<io::Acceptor>> listen(const Address& address, io::AcceptHandler& handler,
                                               const io::ListenOptions& options) override;
  std::unique_ptr<io::Waker> make_waker(io::WakeHandler& handler) override;

  // Connecting there fails with this error; nobody listens anywhere else: `refused`.
  void fail_connects(const Address& address, io::SocketError error) { failures_[address] = error; }
  // Connecting there is never answered.
  void swallow_connects(const Address& address) { silent_.insert(address); }
  // As at first.
  void let_connect(const Address& address) {
    failures_.erase(address);
    silent_.erase(address);
  }
  size_t connects() const { return connects_; }

  // Its peer is told of these bytes and of the end in one event.
  static void end_with(io::Socket& socket, std::string_view bytes);

  // Lets everything happen that is due within `duration`, then stands at its end.
  void run_for(Duration duration);
  // The machine was suspended: time passed and nothing happened.
  void stall_for(Duration duration) { now_ += duration; }
  void post(std::function<void()> event) { events_.push_back(std::move(event)); }

 private:
  class FakeSocket;
  class FakeAcceptor;
  class FakeWaker;
  void run_events();

  Instant now_ = Instant{} + 1h;
  Random random_;
  std::deque<std::function<void()>> events_;
  std::map<Address, io::AcceptHandler*> listeners_;
  std::map<Address, io::SocketError> failures_;
  std::set<Address> silent_;
  uint16_t next_port_ = 40'000;
  size_t connects_ = 0;
};

class FakeLoop::FakeSocket final : public io::Socket {
 public:
  FakeSocket(FakeLoop& loop, const Address& local, const Address& peer, io::SocketHandler* handler)
      : loop_(loop), local_(local), peer_address_(peer), handler_(handler) {}
  ~FakeSocket() override {
    if (!other_) return;
    other_->other_ = nullptr;
    aborts_ ? other_->receive_reset() : other_->receive_end();
  }

  static void join(FakeSocket& a, FakeSocket& b) {
    a.other_ = &b;
    b.other_ = &a;
  }
  // Calls f(handler) in the next turn, unless this socket is gone by then.
  void tell(void (*f)(io::SocketHandler&)) {
    loop_.post([weak = std::weak_ptr<FakeSocket*>(self_), f] {
      const auto self = weak.lock();
      if (self && (*self)->handler_) f(*(*self)->handler_);
    });
  }
  void fail_connect(io::SocketError error) {
    error_ = error;
    tell([](io::SocketHandler& handler) { handler.on_connect_failed(); });
  }

  void set_handler(io::SocketHandler& handler) override { handler_ = &handler; }
  bool readable() const override { return !inbox_.empty() || ended_ || reset_; }
  io::IoResult read(std::span<char> into) override {
    if (reset_) {
      error_ = io::SocketError::reset;
      return {io::IoStatus::failed};
    }
    if (inbox_.empty()) return {ended_ ? io::IoStatus::end : io::IoStatus::blocked};
    const size_t bytes = std::min(into.size(), inbox_.size());
    std::memcpy(into.data(), inbox_.data(), bytes);
    inbox_.erase(0, bytes);
    return {io::IoStatus::done, bytes};
  }
  using Socket::write;
  io::IoResult write(std::span<const std::string_view> pieces) override {
    if (reset_ || !other_) {
      error_ = io::SocketError::reset;
      return {io::IoStatus::failed};
    }
    size_t bytes = 0;
    for (const std::string_view piece : pieces) {
      other_->inbox_ += piece;
      bytes += piece.size();
    }
    other_->tell([](io::SocketHandler& handler) { handler.on_readable(); });
    return {io::IoStatus::done, bytes};
  }
  void end_with(std::string_view bytes) {
    other_->inbox_ += bytes;
    other_->receive_end();
  }
  void finish_writing() override {
    if (other_) other_->receive_end();
  }
  void abort_on_close() override { aborts_ = true; }
  io::SocketError error() const override { return error_; }
  Address local() const override { return local_; }
  Address peer() const override { return peer_address_; }

 private:
  void receive_end() {
    ended_ = true;
    tell([](io::SocketHandler& handler) { handler.on_readable(); });
  }
  void receive_reset() {
    reset_ = true;
    tell([](io::SocketHandler& handler) { handler.on_readable(); });
  }

  FakeLoop& loop_;
  const Address local_;
  const Address peer_address_;
  io::SocketHandler* handler_;
  FakeSocket* other_ = nullptr;
  std::string inbox_;
  bool ended_ = false;
  bool reset_ = false;
  bool aborts_ = false;
  io::SocketError error_ = io::SocketError::none;
  std::shared_ptr<FakeSocket*> self_ = std::make_shared<FakeSocket*>(this);
};

inline void FakeLoop::end_with(io::Socket& socket, std::string_view bytes) {
  static_cast<FakeSocket&>(socket).end_with(bytes);
}

class FakeLoop::FakeAcceptor final : public io::Acceptor {
 public:
  FakeAcceptor(FakeLoop& loop, const Address& address) : loop_(loop), address_(address) {}
  ~FakeAcceptor() override { loop_.listeners_.erase(address_); }
  Address local() const override { return address_; }
  void pause() override { report_bug("FakeAcceptor does not pause"); }
  void resume() override {}

 private:
  FakeLoop& loop_;
  const Address address_;
};

class FakeLoop::FakeWaker final : public io::Waker {
 public:
  FakeWaker(FakeLoop& loop, io::WakeHandler& handler)
      : loop_(loop), handler_(std::make_shared<io::WakeHandler*>(&handler)) {}
  void wake() override {
    loop_.post([weak = std::weak_ptr<io::WakeHandler*>(handler_)] {
      if (const auto handler = weak.lock()) (*handler)->on_wake();
    });
  }

 private:
  FakeLoop& loop_;
  std::shared_ptr<io::WakeHandler*> handler_;
};

inline std::unique_ptr<io::Socket> FakeLoop::connect(const Address& address,
                                                     io::SocketHandler& handler) {
  ++connects_;
  const Address local = Address::v4({127, 0, 0, 1}, next_port_++);
  auto mine = std::make_unique<FakeSocket>(*this, local, address, &handler);
  const auto listener = listeners_.find(address);
  const auto failure = failures_.find(address);
  if (silent_.contains(address)) return mine;
  if (failure != failures_.end() || listener == listeners_.end()) {
    mine->fail_connect(failure != failures_.end() ? failure->second : io::SocketError::refused);
    return mine;
  }
  auto theirs = std::make_unique<FakeSocket>(*this, address, local, nullptr);
  FakeSocket::join(*mine, *theirs);
  mine->tell([](io::SocketHandler& connected) { connected.on_connected(); });
  // std::function wants copies, so the socket waits in a shared_ptr.
  post([this, address, waiting = std::make_shared<std::unique_ptr<FakeSocket>>(std::move(theirs))] {
    const auto found = listeners_.find(address);
    if (found != listeners_.end()) found->second->on_accept(std::move(*waiting));
  });
  return mine;
}

inline Result<std::unique_ptr<io::Acceptor>> FakeLoop::listen(const Address& address,
                                                              io::AcceptHandler& handler,
                                                              const io::ListenOptions&) {
  if (!listeners_.try_emplace(address, &handler).second) return fail("address in use");
  return std::make_unique<FakeAcceptor>(*this, address);
}

inline std::unique_ptr<io::Waker> FakeLoop::make_waker(io::WakeHandler& handler) {
  return std::make_unique<FakeWaker>(*this, handler);
}

inline void FakeLoop::run_events() {
  for (int left = 1'000'000; !events_.empty() || has_soon(); --left) {
    DARUMA_ASSERT(left > 0);  // else two sides talk for ever
    run_soon();
    if (events_.empty()) continue;
    const auto event = std::move(events_.front());
    events_.pop_front();
    event();
  }
}

inline void FakeLoop::run_for(Duration duration) {
  const Instant end = now_ + duration;
  for (;;) {
    run_events();
    const Instant next = timers().next_wakeup();
    now_ = std::max(now_, std::min(next, end));
    fire_timers();
    if (next > end) break;
  }
  run_events();
}

}  // namespace daruma::health
