// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_loop.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "io/plain_socket.h"
#include "sim/deep_socket.h"
#include "sim/sim_network.h"

namespace daruma::sim {

SimLoop::SimLoop(SimNetwork& network, std::string name, const Address& host)
    : io::Loop(network.now()),
      network_(network),
      name_(std::move(name)),
      host_(host),
      id_(network.add_loop(*this)),
      random_(network.random().next()),
      now_(network.now()),
      wall_now_(network.wall_now()) {}

SimLoop::~SimLoop() {
  network_.remove_loop(id_);
}

void SimLoop::assert_own_turn() const {
  DARUMA_ASSERT(network_.current() == nullptr || network_.current() == this);
}

std::unique_ptr<io::Socket> SimLoop::connect(const Address& address, io::SocketHandler& handler) {
  assert_own_turn();
  if (lacks_descriptors_) {
    ++connects_refused_;
    return std::make_unique<io::FailedSocket>(*this, address, handler,
                                              io::SocketError::local_failure);
  }
  Connection& connection = network_.open(*this, host_.with_port(network_.next_port()), address);
  auto socket = std::make_unique<SimSocket>(*this, connection, Connection::initiator);
  socket->set_handler(handler);
  return socket;
}

Result<std::unique_ptr<io::Acceptor>> SimLoop::listen(const Address& address,
                                                      io::AcceptHandler& handler,
                                                      const io::ListenOptions& options) {
  assert_own_turn();
  const Address local = address.port() ? address : address.with_port(network_.next_port());
  auto acceptor = std::make_unique<SimAcceptor>(*this, local, handler, options.backlog);
  if (!network_.add_acceptor(*acceptor, options.share_port))
    return fail("cannot listen on " + local.to_string() + ": address already in use");
  return acceptor;
}

std::unique_ptr<io::Waker> SimLoop::make_waker(io::WakeHandler& handler) {
  return std::make_unique<SimWaker>(*this, handler);
}

// --- Turns ---

void SimLoop::kick() {
  want_turn(network_.now());
}

void SimLoop::want_turn(Instant at) {
  if (next_turn_ <= at) return;
  next_turn_ = at;
  network_.schedule(at, EventKind::turn, id_, ++generation_);
}

void SimLoop::turn() {
  const NetworkFaults& f = network_.faults();
  Random& random = network_.random();
  next_turn_ = never;
  if (f.loop_stalls > 0 && random.chance(f.loop_stalls, 10'000)) {
    const auto most = static_cast<uint64_t>(f.loop_stall_most.count()) + 1;
    const Instant until = network_.now() + Duration(static_cast<int64_t>(random.below(most)));
    network_.record({FaultKind::loop_stall, {}, until, 0, id_, {}});
    return want_turn(until);
  }
  if (network_.now() < busy_until_) return want_turn(busy_until_);
  set_behind(std::max(busy_until_ - now_, Duration::zero()));
  now_ = network_.now();
  wall_now_ = network_.wall_now();
  busy_until_ = now_ + event_cost_ * static_cast<int64_t>(notices_.size());
  const bool timers_first = random.chance(1, 2);
  if (timers_first) fire_timers();
  for (const Notice& notice : shuffled_notices()) {
    deliver(notice);
    run_after_event();
  }
  if (!timers_first) fire_timers();
  run_soon();
  plan_next_turn();
}

std::vector<SimLoop::Notice> SimLoop::shuffled_notices() {
  std::vector<Notice> taken = std::exchange(notices_, {});
  for (size_t i = taken.size(); i > 1; --i)
    std::swap(taken[i - 1], taken[network_.random().below(i)]);
  return taken;
}

void SimLoop::plan_next_turn() {
  if (has_soon() || !notices_.empty()) return want_turn(now_);
  const Instant next = timers().next_wakeup();
  if (next != never) want_turn(std::max(next, now_));
}

// --- What the network has for this loop ---

void SimLoop::add_notice(const Notice& notice) {
  notices_.push_back(notice);
  const auto most = static_cast<uint64_t>(network_.faults().turn_delay_most.count()) + 1;
  want_turn(network_.now() + Duration(static_cast<int64_t>(network_.random().below(most))));
}

void SimLoop::notify_connection(uint32_t connection, int side) {
  add_notice({Kind::connection, connection, side});
}

void SimLoop::notify_acceptor(uint32_t acceptor) {
  add_notice({Kind::acceptor, acceptor, 0});
}

void SimLoop::notify_waker(uint32_t waker) {
  add_notice({Kind::waker, waker, 0});
}

void SimLoop::deliver(const Notice& notice) {
  switch (notice.kind) {
    case Kind::connection:
      return deliver_connection(notice.object, notice.side);
    case Kind::acceptor:
      return deliver_accepts(notice.object);
    case Kind::waker:
      if (SimWaker* waker = network_.find_waker(notice.object)) waker->hear();
      return;
  }
}

// The handler may destroy the socket in any of these calls: nothing may follow then.
void SimLoop::deliver_connection(uint32_t id, int side) {
  static constexpr Ready order[] = {ready_connected, ready_connect_failed, ready_read, ready_write};
  Connection* connection = network_.find(id);
  if (!connection || !connection->end(side).socket) return;
  const SimSocket* socket = connection->end(side).socket;
  const uint8_t ready = std::exchange(connection->end(side).ready, uint8_t{0});
  if (ready & ready_read) connection->end(side).readable = true;
  for (const Ready what : order) {
    if (!(ready & what)) continue;
    connection = network_.find(id);
    if (!connection || connection->end(side).socket != socket) return;
    DARUMA_ASSERT(socket->handler() != nullptr);
    call(*socket->handler(), what);
    // The contract leaves open whether tasks run between two calls for one socket.
    if (network_.random().chance(1, 2)) run_after_event();
  }
}

void SimLoop::call(io::SocketHandler& handler, Ready what) {
  switch (what) {
    case ready_connected:
      return handler.on_connected();
    case ready_connect_failed:
      return handler.on_connect_failed();
    case ready_read:
      return handler.on_readable();
    case ready_write:
      return handler.on_writable();
  }
}

// The handler may close the acceptor in any of these calls.
void SimLoop::deliver_accepts(uint32_t id) {
  while (SimAcceptor* acceptor = network_.find_acceptor(id)) {
    const uint32_t waiting = acceptor->next();
    if (waiting == 0) return;
    Connection* connection = network_.find(waiting);
    if (!connection) continue;
    auto accepted = std::make_unique<SimSocket>(*this, *connection, Connection::acceptor);
    connection->accepted_by(*accepted);
    std::unique_ptr<io::Socket> socket;
    if (output_bytes_ > 0) {
      socket = std::make_unique<DeepSocket>(std::move(accepted), output_bytes_);
    } else {
      socket = std::move(accepted);
    }
    acceptor->handler().on_accept(std::move(socket));
    run_after_event();
  }
}

// --- SimSocket ---

SimSocket::SimSocket(SimLoop& loop, Connection& connection, int side)
    : loop_(loop), connection_(connection), side_(side) {
  connection.end(side).socket = this;
}

SimSocket::~SimSocket() {
  loop_.assert_own_turn();
  connection_.close(side_, abort_);
}

bool SimSocket::readable() const {
  loop_.assert_own_turn();
  return connection_.end(side_).readable;
}

io::IoResult SimSocket::read(std::span<char> into) {
  loop_.assert_own_turn();
  return connection_.read(side_, into);
}

io::IoResult SimSocket::write(std::span<const std::string_view> pieces) {
  loop_.assert_own_turn();
  return connection_.write(side_, pieces);
}

void SimSocket::finish_writing() {
  loop_.assert_own_turn();
  connection_.finish_writing(side_);
}

void SimSocket::note_accepted() {
  Connection::End& end = connection_.end(side_);
  end.keeps = true;
  end.accepts.add(loop_.network().now());
}

void SimSocket::note_finishing() {
  connection_.end(side_).said_finished = loop_.network().now();
}

io::SocketError SimSocket::error() const {
  return connection_.end(side_).error;
}

// --- SimAcceptor ---

SimAcceptor::SimAcceptor(SimLoop& loop, const Address& local, io::AcceptHandler& handler,
                         int backlog)
    : loop_(loop),
      id_(loop.network().next_id()),
      local_(local),
      handler_(handler),
      backlog_(static_cast<size_t>(backlog)) {}

SimAcceptor::~SimAcceptor() {
  loop_.assert_own_turn();
  loop_.network().remove_acceptor(*this);
  // As Linux: closing a listening socket resets what waits in its own queue.
  for (const uint32_t waiting : queue_) {
    if (Connection* connection = loop_.network().find(waiting)) connection->drop_from_queue();
  }
}

void SimAcceptor::enqueue(uint32_t connection) {
  queue_.push_back(connection);
  loop_.notify_acceptor(id_);
}

void SimAcceptor::resume() {
  paused_ = false;
  if (!queue_.empty()) loop_.notify_acceptor(id_);
}

uint32_t SimAcceptor::next() {
  if (paused_ || queue_.empty()) return 0;
  const uint32_t first = queue_.front();
  queue_.pop_front();
  return first;
}

// --- SimWaker ---

SimWaker::SimWaker(SimLoop& loop, io::WakeHandler& handler)
    : loop_(loop), id_(loop.network().next_id()), handler_(handler) {
  loop.network().add_waker(*this);
}

SimWaker::~SimWaker() {
  loop_.network().remove_waker(*this);
}

void SimWaker::wake() {
  SimNetwork& network = loop_.network();
  if (network.watcher()) network.watcher()->on_wake_asked(network.current(), *this);
  if (under_way_) return;
  under_way_ = true;
  const NetworkFaults& f = network.faults();
  Random& random = network.random();
  Duration most = f.wake_delay_most;
  const bool late = f.late_wakes > 0 && random.chance(f.late_wakes, 10'000);
  if (late) most = f.late_wake_most;
  const Duration delay(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()) + 1)));
  if (late) network.record({FaultKind::late_wake, {}, network.now() + delay, 0, loop_.id(), {}});
  network.schedule(network.now() + delay, EventKind::wake, id_);
}

void SimWaker::arrive() {
  loop_.notify_waker(id_);
}

void SimWaker::hear() {
  under_way_ = false;
  if (loop_.network().watcher()) loop_.network().watcher()->on_wake_heard(*this);
  handler_.on_wake();
}

}  // namespace daruma::sim
