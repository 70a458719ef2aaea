// SPDX-License-Identifier: Apache-2.0
//
// One simulated thread: an io::Loop whose turns are events of a SimNetwork. Timers, mailboxes and
// everything above the Loop are the production classes. Every call is checked to come from the
// loop's own turn, so that a value reached from the wrong thread is found.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "io/loop.h"
#include "sim/connection.h"

namespace daruma::sim {

class SimNetwork;

class SimLoop final : public io::Loop {
 public:
  // `host` is the source address of its outgoing connections.
  SimLoop(SimNetwork& network, std::string name, const Address& host);
  ~SimLoop() override;

  Instant now() const override { return now_; }
  Instant precise_now() const override { return now_ + clock_step_ * ++clock_reads_; }
  WallTime wall_now() const override { return wall_now_; }
  Random& random() override { return random_; }
  std::unique_ptr<io::Socket> connect(const Address& address, io::SocketHandler& handler) override;
  Result<std::unique_ptr<io::Acceptor>> listen(const Address& address, io::AcceptHandler& handler,
                                               const io::ListenOptions& options) override;
  std::unique_ptr<io::Waker> make_waker(io::WakeHandler& handler) override;

  uint32_t id() const { return id_; }
  const std::string& name() const { return name_; }
  SimNetwork& network() { return network_; }
  // Makes the loop have a turn soon: after timers were set or tasks asked for from outside of it.
  void kick();

  // What it accepts from now on keeps so much of what is written (DeepSocket); 0: nothing.
  void set_output_bytes(size_t bytes) { output_bytes_ = bytes; }

  // From now on it has descriptors for no further connection, or has them again.
  void lack_descriptors(bool yes) { lacks_descriptors_ = yes; }
  size_t connects_refused() const { return connects_refused_; }

  // From now on the clock is so much further whenever it is read within a turn.
  void set_clock_step(Duration step) { clock_step_ = step; }

  // From now on each event takes so long of the loop's time.
  void set_event_cost(Duration cost) { event_cost_ = cost; }

  // --- For the network ---
  bool is_planned(uint32_t generation) const {
    return generation == generation_ && next_turn_ != never;
  }
  void turn();
  void notify_connection(uint32_t connection, int side);
  void notify_acceptor(uint32_t acceptor);
  void notify_waker(uint32_t waker);
  // Aborts if another loop has its turn now.
  void assert_own_turn() const;

 private:
  enum class Kind : uint8_t { connection, acceptor, waker };
  struct Notice {
    Kind kind;
    uint32_t object;
    int side;
  };
  void add_notice(const Notice& notice);
  void deliver(const Notice& notice);
  static void call(io::SocketHandler& handler, Ready what);
  void deliver_connection(uint32_t connection, int side);
  void deliver_accepts(uint32_t acceptor);
  void want_turn(Instant at);
  void plan_next_turn();
  std::vector<Notice> shuffled_notices();

  SimNetwork& network_;
  const std::string name_;
  const Address host_;
  const uint32_t id_;
  Random random_;
  Instant now_;
  WallTime wall_now_;
  std::vector<Notice> notices_;
  size_t output_bytes_ = 0;
  bool lacks_descriptors_ = false;
  size_t connects_refused_ = 0;
  Duration event_cost_{};
  Duration clock_step_{};
  mutable int64_t clock_reads_ = 0;
  Instant busy_until_{};
  Instant next_turn_ = never;
  uint32_t generation_ = 0;
};

class SimSocket final : public io::Socket {
 public:
  SimSocket(SimLoop& loop, Connection& connection, int side);
  ~SimSocket() override;

  void set_handler(io::SocketHandler& handler) override { handler_ = &handler; }
  bool readable() const override;
  io::IoResult read(std::span<char> into) override;
  io::IoResult write(std::span<const std::string_view> pieces) override;
  using io::Socket::write;
  void finish_writing() override;
  void abort_on_close() override { abort_ = true; }
  io::SocketError error() const override;
  Address local() const override { return connection_.end(side_).address; }
  Address peer() const override { return connection_.end(1 - side_).address; }

  uint32_t connection_id() const { return connection_.id(); }
  // Said to a socket above, which keeps what the network does not take: bytes, and that no more of
  // them follow.
  void note_accepted();
  void note_finishing();
  void note_lost(size_t bytes) { connection_.end(side_).kept_at_close = bytes; }
  io::SocketHandler* handler() const { return handler_; }

 private:
  SimLoop& loop_;
  Connection& connection_;
  const int side_;
  io::SocketHandler* handler_ = nullptr;
  bool abort_ = false;
};

// The connection behind a socket that a SimLoop made.
inline uint32_t connection_id(const io::Socket& socket) {
  return static_cast<const SimSocket&>(socket).connection_id();
}

class SimAcceptor final : public io::Acceptor {
 public:
  SimAcceptor(SimLoop& loop, const Address& local, io::AcceptHandler& handler, int backlog);
  ~SimAcceptor() override;
  Address local() const override { return local_; }
  void pause() override { paused_ = true; }
  void resume() override;

  uint32_t id() const { return id_; }
  SimLoop& loop() { return loop_; }
  io::AcceptHandler& handler() { return handler_; }
  bool full() const { return silent_ || queue_.size() >= backlog_; }
  // From now on nobody hears anything from here: every SYN is lost.
  void stop_answering() { silent_ = true; }
  size_t waiting() const { return queue_.size(); }
  void enqueue(uint32_t connection);
  // What on_accept may be called with: 0 if none waits, or while paused.
  uint32_t next();

 private:
  SimLoop& loop_;
  const uint32_t id_;
  const Address local_;
  io::AcceptHandler& handler_;
  const size_t backlog_;
  bool paused_ = false;
  bool silent_ = false;
  std::deque<uint32_t> queue_;
};

// The acceptor that a SimLoop made.
inline SimAcceptor& sim_acceptor(io::Acceptor& acceptor) {
  return static_cast<SimAcceptor&>(acceptor);
}

class SimWaker final : public io::Waker {
 public:
  SimWaker(SimLoop& loop, io::WakeHandler& handler);
  ~SimWaker() override;
  void wake() override;

  uint32_t id() const { return id_; }
  SimLoop& loop() { return loop_; }
  void hear();  // in the loop's turn
  void arrive();

 private:
  SimLoop& loop_;
  const uint32_t id_;
  io::WakeHandler& handler_;
  bool under_way_ = false;
};

}  // namespace daruma::sim
