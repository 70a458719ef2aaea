// SPDX-License-Identifier: Apache-2.0
//
// For tests: a loop and sockets in memory, under the same contract as the real ones, that count
// every call. Bytes move only when the loop turns, as many at a time as the test says.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/loop.h"

namespace daruma::transport {

// One direction of a connection. A test may end it (`finished`, `reset`) behind its writer's back.
struct FakePipe {
  std::string in_flight;  // written, not yet arrived
  std::string arrived;    // and not yet read
  bool finished = false;  // FIN follows in_flight
  bool reset = false;
  bool reset_after_write = false;  // the next write is taken; then it is reset
  size_t window = 1 << 20;
  size_t used() const { return in_flight.size() + arrived.size(); }
};

class FakeLoop;

class FakeSocket final : public io::Socket {
 public:
  FakeSocket(FakeLoop& loop, std::shared_ptr<FakePipe> in, std::shared_ptr<FakePipe> out);
  ~FakeSocket() override;

  void set_handler(io::SocketHandler& handler) override { handler_ = &handler; }
  bool readable() const override { return readable_; }
  io::IoResult read(std::span<char> into) override;
  using Socket::write;
  io::IoResult write(std::span<const std::string_view> pieces) override;
  void finish_writing() override {
    EXPECT_FALSE(std::exchange(finished_, true));
    out->finished = true;
  }
  void abort_on_close() override { aborts = true; }
  io::SocketError error() const override { return error_; }
  Address local() const override { return Address::v4({127, 0, 0, 1}, 1); }
  Address peer() const override { return Address::v4({127, 0, 0, 1}, 2); }

  std::shared_ptr<FakePipe> in;
  std::shared_ptr<FakePipe> out;
  bool connecting = false;
  bool refused = false;
  bool aborts = false;

 private:
  friend class FakeLoop;
  bool note_arrivals(size_t bytes_max);
  io::IoResult fail();

  FakeLoop& loop_;
  io::SocketHandler* handler_ = nullptr;
  io::SocketError error_ = io::SocketError::none;
  bool readable_ = false;
  bool write_blocked_ = false;
  bool finished_ = false;
  bool finish_noticed_ = false;
  bool reset_noticed_ = false;
};

class FakeLoop final : public io::Loop {
 public:
  FakeLoop() : Loop(Instant{}) {}

  Instant now() const override { return Instant{}; }
  WallTime wall_now() const override { return WallTime{}; }
  Random& random() override { return random_; }
  std::unique_ptr<io::Socket> connect(const Address&, io::SocketHandler& handler) override {
    auto [mine, theirs] = pair();
    mine->set_handler(handler);
    mine->connecting = true;
    mine->refused = refuse_next;
    connected_to = std::move(theirs);
    return std::move(mine);
  }
  Result<std::unique_ptr<io::Acceptor>> listen(const Address&, io::AcceptHandler&,
                                               const io::ListenOptions&) override {
    return fail("not here");
  }
  std::unique_ptr<io::Waker> make_waker(io::WakeHandler&) override { return nullptr; }

  std::pair<std::unique_ptr<FakeSocket>, std::unique_ptr<FakeSocket>> pair() {
    auto one = std::make_shared<FakePipe>();
    auto other = std::make_shared<FakePipe>();
    one->window = other->window = window;
    return {std::make_unique<FakeSocket>(*this, one, other),
            std::make_unique<FakeSocket>(*this, other, one)};
  }

  // Everything that is due, once; true if anything was.
  bool turn() {
    bool any = has_soon();
    run_soon();
    for (FakeSocket* socket : std::vector(sockets_)) {
      if (exists(socket)) any |= serve(*socket);
      run_soon();
    }
    return any;
  }
  void settle() {
    for (int i = 0; i < 100'000; ++i) {
      if (!turn()) return;
    }
    FAIL() << "the loop does not come to rest";
  }

  size_t bytes_per_turn = 1 << 20;
  size_t window = 1 << 20;  // of connections to be made
  bool refuse_next = false;
  std::unique_ptr<FakeSocket> connected_to;  // the far end of the last connect()
  // Calls that would have been system calls, over all sockets; vain ones moved nothing.
  int reads = 0, vain_reads = 0, writes = 0, vain_writes = 0;

 private:
  friend class FakeSocket;
  bool exists(const FakeSocket* socket) const {
    return std::ranges::find(sockets_, socket) != sockets_.end();
  }
  bool serve(FakeSocket& socket) {
    io::SocketHandler* handler = socket.handler_;
    if (handler == nullptr) return false;
    if (std::exchange(socket.connecting, false)) {
      if (socket.refused) socket.error_ = io::SocketError::refused;
      socket.refused ? handler->on_connect_failed() : handler->on_connected();
      return true;
    }
    const bool news = socket.note_arrivals(bytes_per_turn);
    const bool room = socket.write_blocked_ && socket.out->used() < socket.out->window;
    if (room) socket.write_blocked_ = false;
    if (news) handler->on_readable();
    if (room && exists(&socket)) socket.handler_->on_writable();
    return news || room;
  }

  Random random_{1};
  std::vector<FakeSocket*> sockets_;
};

inline FakeSocket::FakeSocket(FakeLoop& loop, std::shared_ptr<FakePipe> from,
                              std::shared_ptr<FakePipe> to)
    : in(std::move(from)), out(std::move(to)), loop_(loop) {
  loop_.sockets_.push_back(this);
}

inline FakeSocket::~FakeSocket() {
  std::erase(loop_.sockets_, this);
  out->finished = true;
  out->reset = aborts;
}

inline bool FakeSocket::note_arrivals(size_t bytes_max) {
  if (in->reset) {
    if (std::exchange(reset_noticed_, true)) return false;
    return readable_ = true;
  }
  const size_t count = std::min(bytes_max, in->in_flight.size());
  in->arrived.append(in->in_flight, 0, count);
  in->in_flight.erase(0, count);
  const bool finish = in->finished && in->in_flight.empty();
  const bool news = count > 0 || (finish && !std::exchange(finish_noticed_, true));
  readable_ |= news;
  return news;
}

inline io::IoResult FakeSocket::fail() {
  error_ = io::SocketError::reset;
  return {io::IoStatus::failed};
}

inline io::IoResult FakeSocket::read(std::span<char> into) {
  EXPECT_FALSE(into.empty());
  if (!readable_) return {io::IoStatus::blocked};
  ++loop_.reads;
  if (in->reset) return fail();
  const size_t count = std::min(into.size(), in->arrived.size());
  if (count == 0) {
    if (finish_noticed_) return {io::IoStatus::end};
    ++loop_.vain_reads;
    readable_ = false;
    return {io::IoStatus::blocked};
  }
  std::copy_n(in->arrived.data(), count, into.data());
  in->arrived.erase(0, count);
  readable_ = count == into.size() || finish_noticed_;
  return {io::IoStatus::done, count};
}

inline io::IoResult FakeSocket::write(std::span<const std::string_view> pieces) {
  EXPECT_FALSE(finished_);
  EXPECT_FALSE(connecting);
  if (write_blocked_) {
    ++loop_.vain_writes;
    return {io::IoStatus::blocked};
  }
  ++loop_.writes;
  if (in->reset || out->reset) return fail();
  size_t moved = 0;
  for (const std::string_view piece : pieces) {
    const size_t count = std::min(piece.size(), out->window - std::min(out->window, out->used()));
    out->in_flight.append(piece.substr(0, count));
    moved += count;
    if (count == piece.size()) continue;
    write_blocked_ = true;
    break;
  }
  if (moved == 0) ++loop_.vain_writes;
  out->reset |= out->reset_after_write;
  return {moved > 0 ? io::IoStatus::done : io::IoStatus::blocked, moved};
}

}  // namespace daruma::transport
