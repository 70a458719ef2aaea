// SPDX-License-Identifier: Apache-2.0
//
// A Loop for testing a server without a network: its clock moves when the test says so, and its
// clients are values in the test's hand.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "io/loop.h"

namespace daruma::control {

class FakeServerLoop final : public io::Loop {
 public:
  FakeServerLoop() : Loop(Instant{} + 1h) {}
  Instant now() const override { return now_; }
  WallTime wall_now() const override {
    return std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + 12h + 2min;
  }
  Random& random() override { return random_; }
  std::unique_ptr<io::Socket> connect(const Address&, io::SocketHandler&) override {
    DARUMA_ASSERT(!"a server does not connect");
    return nullptr;
  }
  Result<std::unique_ptr<io::Acceptor>> listen(const Address& address, io::AcceptHandler& handler,
                                               const io::ListenOptions&) override {
    handler_ = &handler;
    return std::make_unique<FakeAcceptor>(address);
  }
  std::unique_ptr<io::Waker> make_waker(io::WakeHandler&) override {
    DARUMA_ASSERT(!"a server on one thread is not woken");
    return nullptr;
  }

  void run_for(Duration duration) {
    now_ += duration;
    fire_timers();
    end_turn();
  }
  void end_turn() { run_soon(); }
  io::AcceptHandler& accept_handler() { return *handler_; }

 private:
  class FakeAcceptor final : public io::Acceptor {
   public:
    explicit FakeAcceptor(const Address& address) : address_(address) {}
    Address local() const override { return address_; }
    void pause() override {}
    void resume() override {}

   private:
    Address address_;
  };

  Instant now_ = Instant{} + 1h;
  Random random_{1};
  io::AcceptHandler* handler_ = nullptr;
};

class FakeClient {
 public:
  explicit FakeClient(FakeServerLoop& loop) : loop_(loop), wire_(std::make_shared<Wire>()) {
    loop_.accept_handler().on_accept(std::make_unique<FakeSocket>(wire_));
    loop_.end_turn();
  }

  void send(std::string_view bytes) {
    wire_->to_server += bytes;
    tell(&io::SocketHandler::on_readable);
  }
  void finish() {  // FIN
    wire_->client_finished = true;
    tell(&io::SocketHandler::on_readable);
  }
  void reset() {
    wire_->client_reset = true;
    tell(&io::SocketHandler::on_readable);
  }
  // From now on the server can write no more than this; allow() adds to it.
  void limit_window(size_t bytes) { wire_->window = bytes; }
  void allow(size_t bytes) {
    wire_->window += bytes;
    tell(&io::SocketHandler::on_writable);
  }

  std::string take_received() { return std::exchange(wire_->from_server, {}); }
  bool server_finished() const { return wire_->server_finished || wire_->server_closed; }
  bool server_closed() const { return wire_->server_closed; }
  bool server_aborted() const { return wire_->server_closed && wire_->server_aborts; }

 private:
  struct Wire {
    io::SocketHandler* handler = nullptr;
    std::string to_server;
    std::string from_server;
    size_t window = size_t{1} << 40;
    bool client_finished = false;
    bool client_reset = false;
    bool server_finished = false;
    bool server_closed = false;
    bool server_aborts = false;
  };

  class FakeSocket final : public io::Socket {
   public:
    explicit FakeSocket(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
    ~FakeSocket() override {
      wire_->handler = nullptr;
      wire_->server_closed = true;
    }
    void set_handler(io::SocketHandler& handler) override { wire_->handler = &handler; }
    bool readable() const override { return true; }
    io::IoResult read(std::span<char> into) override {
      if (wire_->client_reset) return {io::IoStatus::failed};
      if (wire_->to_server.empty()) {
        return {wire_->client_finished ? io::IoStatus::end : io::IoStatus::blocked};
      }
      const size_t bytes = std::min(into.size(), wire_->to_server.size());
      std::copy_n(wire_->to_server.begin(), bytes, into.begin());
      wire_->to_server.erase(0, bytes);
      return {io::IoStatus::done, bytes};
    }
    io::IoResult write(std::span<const std::string_view> pieces) override {
      if (wire_->client_reset) return {io::IoStatus::failed};
      size_t written = 0;
      for (const std::string_view piece : pieces) {
        const size_t bytes = std::min(piece.size(), wire_->window);
        wire_->from_server += piece.substr(0, bytes);
        wire_->window -= bytes;
        written += bytes;
      }
      if (written == 0) return {io::IoStatus::blocked};
      return {io::IoStatus::done, written};
    }
    void finish_writing() override { wire_->server_finished = true; }
    void abort_on_close() override { wire_->server_aborts = true; }
    io::SocketError error() const override {
      return wire_->client_reset ? io::SocketError::reset : io::SocketError::none;
    }
    Address local() const override { return Address::v4({127, 0, 0, 1}, 9090); }
    Address peer() const override { return Address::v4({127, 0, 0, 1}, 50'000); }

   private:
    std::shared_ptr<Wire> wire_;
  };

  void tell(void (io::SocketHandler::*event)()) {
    if (wire_->handler) (wire_->handler->*event)();
    loop_.end_turn();
  }

  FakeServerLoop& loop_;
  std::shared_ptr<Wire> wire_;
};

}  // namespace daruma::control
