// SPDX-License-Identifier: Apache-2.0
#include "sim/connection.h"

#include <algorithm>

#include "base/check.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"

namespace daruma::sim {
namespace {

// What Linux takes to give up on SYNs that nobody answers.
constexpr Duration kernel_connect_timeout = 127s;
// Per connection: else a stream of many small writes would stand still most of the time.
constexpr int stalls_max = 3;

Duration below(Random& random, Duration most) {
  return Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()) + 1)));
}

}  // namespace

Connection::Connection(SimNetwork& network, uint32_t id, SimLoop& from, const Address& source,
                       const Address& to)
    : network_(network), id_(id), capacity_(network.faults().socket_bytes) {
  const NetworkFaults& f = network.faults();
  base_latency_ =
      f.latency_least + below(network.random(), std::max(f.latency_most - f.latency_least, 0ns));
  ends_[initiator].loop = from.id();
  ends_[initiator].address = source;
  ends_[acceptor].loop = from.id();  // until somebody accepts
  ends_[acceptor].address = to;
}

Duration Connection::latency() {
  return base_latency_ + below(network_.random(), base_latency_);
}

// --- Connecting ---

void Connection::begin() {
  const NetworkFaults& f = network_.faults();
  Random& random = network_.random();
  const auto strikes = [&](uint32_t rate) { return rate > 0 && random.chance(rate, 10'000); };
  const auto record = [&](FaultKind kind, Duration lasts = 0s) {
    network_.record({kind, {}, network_.now() + lasts, id_, from_loop(), to()});
  };
  if (strikes(f.out_of_descriptors)) {
    record(FaultKind::out_of_descriptors);
    fail_later(io::SocketError::local_failure, 0s);
  } else if (strikes(f.refused)) {
    record(FaultKind::refused);
    fail_later(io::SocketError::refused, 2 * latency());
  } else if (strikes(f.reset_on_connect)) {
    record(FaultKind::reset_on_connect);
    fail_later(io::SocketError::reset, 2 * latency());
  } else if (strikes(f.unreachable)) {
    record(FaultKind::unreachable);
    fail_later(io::SocketError::unreachable, 2 * latency());
  } else if (strikes(f.black_holed)) {
    record(FaultKind::black_holed, kernel_connect_timeout);
    fail_later(io::SocketError::timed_out, kernel_connect_timeout);
  } else if (strikes(f.slow_connects)) {
    const Duration delay = random.chance(1, 3) ? Duration(3s) : 1s;
    record(FaultKind::slow_connect, delay);
    network_.schedule(network_.now() + delay + latency(), EventKind::syn, id_);
  } else {
    network_.schedule(network_.now() + latency(), EventKind::syn, id_);
  }
}

void Connection::fail_later(io::SocketError error, Duration after) {
  fate_ = error;
  network_.schedule(network_.now() + after, EventKind::connect_result, id_);
}

void Connection::on_syn() {
  if (ends_[initiator].closed) {
    ends_[acceptor].closed = true;
    return network_.forget(id_);
  }
  SimAcceptor* listener = network_.choose_acceptor(to());
  if (!listener) {
    network_.record({FaultKind::nobody_listens, {}, {}, id_, from_loop(), to()});
    return fail_later(io::SocketError::refused, latency());
  }
  if (listener->full()) {
    // SYN dropped; the kernel tries again after 1, 2, 4, … s.
    const Duration delay = Duration(1s) * (1 << std::min(syns_++, 6));
    network_.record({FaultKind::slow_connect, {}, network_.now() + delay, id_, from_loop(), to()});
    return network_.schedule(network_.now() + delay, EventKind::syn, id_);
  }
  phase_ = Phase::queued;
  ends_[acceptor].loop = listener->loop().id();
  queued_at_ = listener->id();
  listener->enqueue(id_);
  // Nothing from the accepting side overtakes its SYN-ACK.
  pipes_[acceptor].last_arrival = network_.now() + latency();
  network_.schedule(pipes_[acceptor].last_arrival, EventKind::connect_result, id_);
}

void Connection::on_connect_result() {
  End& end = ends_[initiator];
  if (fate_ != io::SocketError::none) {
    phase_ = Phase::failed;
    ends_[acceptor].closed = true;
    end.error = fate_;
    if (end.closed) return network_.forget(id_);
    return notify(initiator, ready_connect_failed);
  }
  if (!end.closed) notify(initiator, ready_connected);
}

void Connection::accepted_by(SimSocket& socket) {
  DARUMA_ASSERT(phase_ == Phase::queued);
  phase_ = Phase::open;
  ends_[acceptor].socket = &socket;
  ends_[acceptor].reads.add(network_.now());
  // Registering with epoll reports what is there already.
  const Pipe& in = pipes_[initiator];
  if (in.unread_bytes() > 0 || in.fin_arrived || ends_[acceptor].reset)
    notify(acceptor, ready_read);
}

void Connection::drop_from_queue() {
  network_.record({FaultKind::accept_queue_reset, {}, {}, id_, from_loop(), to()});
  phase_ = Phase::open;
  close(acceptor, true);
}

// --- What a socket asks for ---

io::IoResult Connection::read(int side, std::span<char> into) {
  DARUMA_ASSERT(!into.empty());
  End& me = ends_[side];
  Pipe& in = pipes_[1 - side];
  if (!me.readable) return {io::IoStatus::blocked};
  const size_t available = in.unread_bytes();
  if (available == 0) {
    if (me.reset) return {io::IoStatus::failed};
    if (in.fin_arrived) return {io::IoStatus::end};
    me.readable = false;
    return {io::IoStatus::blocked};
  }
  size_t n = std::min(available, into.size());
  // As if the rest had arrived a moment later.
  if (n > 1 && network_.random().chance(network_.faults().short_reads, 10'000))
    n = 1 + network_.random().below(n - 1);
  std::copy_n(in.unread.data() + in.read_at, n, into.data());
  in.read_at += n;
  me.reads.add(network_.now());
  if (in.read_at == in.unread.size()) {
    in.unread.clear();
    in.read_at = 0;
  }
  if (n < into.size()) {
    me.readable = false;
    if (in.unread_bytes() > 0 || in.fin_arrived || me.reset) notify(side, ready_read);
  }
  offer_window(1 - side);
  return {io::IoStatus::done, n};
}

size_t Connection::room(const Pipe& pipe) const {
  const size_t used = pipe.flying_bytes + pipe.unread_bytes();
  return used >= capacity_ ? 0 : capacity_ - used;
}

// Tells a waiting writer of room once there is enough of it, as the kernel does.
void Connection::offer_window(int side) {
  Pipe& pipe = pipes_[side];
  if (!pipe.writer_waits || pipe.window_under_way || ends_[side].closed) return;
  if (room(pipe) < capacity_ / 3) return;
  pipe.window_under_way = true;
  network_.schedule(network_.now() + latency(), EventKind::window, id_,
                    static_cast<uint32_t>(side));
}

io::IoResult Connection::write(int side, std::span<const std::string_view> pieces) {
  DARUMA_ASSERT(pieces.size() <= 4);
  End& me = ends_[side];
  Pipe& out = pipes_[side];
  const uint32_t met = network_.faults().resets_met_by_writes;
  if (me.reset_at_write || (met > 0 && network_.random().chance(met, 10'000))) meet_reset(side);
  if (me.reset || phase_ == Phase::failed) return {io::IoStatus::failed};
  DARUMA_ASSERT(!out.fin_sent);
  std::string bytes;
  for (const std::string_view piece : pieces) bytes += piece;
  DARUMA_ASSERT(!bytes.empty());
  const size_t asked = bytes.size();
  size_t n = std::min(asked, room(out));
  if (n > 1 && network_.random().chance(network_.faults().short_writes, 10'000))
    n = 1 + network_.random().below(n - 1);
  if (n > 0) {
    me.writes.add(network_.now());
    me.written += n;
    bytes.resize(n);
    send_bytes(side, std::move(bytes));
  }
  if (n < asked) {
    out.writer_waits = true;
    offer_window(side);
  }
  return {n > 0 ? io::IoStatus::done : io::IoStatus::blocked, n};
}

void Connection::send_bytes(int side, std::string bytes) {
  const NetworkFaults& f = network_.faults();
  Random& random = network_.random();
  Pipe& out = pipes_[side];
  if (f.stalls > 0 && stalls_ < stalls_max && random.chance(f.stalls, 10'000)) {
    ++stalls_;
    const Duration stall = below(random, f.stall_most);
    out.last_arrival = std::max(out.last_arrival, network_.now()) + stall;
    network_.record({FaultKind::stall, {}, out.last_arrival, id_, from_loop(), to()});
  }
  size_t pieces = 1;
  if (f.fragments > 0 && random.chance(f.fragments, 10'000)) pieces += random.below(4);
  while (pieces > 1 && bytes.size() > 1) {
    const size_t n = 1 + random.below(bytes.size() - 1);
    send(side, {bytes.substr(0, n)});
    bytes.erase(0, n);
    --pieces;
  }
  send(side, {std::move(bytes)});
  if (f.resets > 0 && random.chance(f.resets, 10'000)) reset_by_network();
}

void Connection::send(int side, Segment segment) {
  Pipe& out = pipes_[side];
  if (out.dead) return;
  out.flying_bytes += segment.bytes.size();
  out.last_arrival = std::max(out.last_arrival, network_.now() + latency());
  out.flying.push_back(std::move(segment));
  network_.schedule(out.last_arrival, EventKind::segment, id_, static_cast<uint32_t>(side));
}

void Connection::finish_writing(int side) {
  Pipe& out = pipes_[side];
  if (out.fin_sent || ends_[side].reset || phase_ == Phase::failed) return;
  out.fin_sent = true;
  End& me = ends_[side];
  me.finished = network_.now();
  me.said_finished = std::min(me.said_finished, me.finished);
  send(side, {{}, Tail::fin});
}

void Connection::send_reset(int side) {
  Pipe& out = pipes_[side];
  if (out.dead) return;
  // What the kernel had not yet put on the wire is never sent: any part of the tail.
  size_t drop = out.flying.empty() ? 0 : network_.random().below(out.flying.size() + 1);
  for (; drop > 0; --drop) {
    Segment& last = *(out.flying.end() - static_cast<std::ptrdiff_t>(drop));
    out.flying_bytes -= last.bytes.size();
    last = {};
  }
  send(side, {{}, Tail::rst});
  out.dead = true;
}

void Connection::reset_by_network() {
  network_.record({FaultKind::reset, {}, {}, id_, from_loop(), to()});
  send_reset(initiator);
  send_reset(acceptor);
}

// What was under way to this end is lost with it.
void Connection::meet_reset(int side) {
  if (ends_[side].reset || phase_ != Phase::open) return;
  network_.record({FaultKind::reset, {}, {}, id_, from_loop(), to()});
  Pipe& in = pipes_[1 - side];
  for (Segment& segment : in.flying) {
    in.flying_bytes -= segment.bytes.size();
    segment = {};
  }
  in.dead = true;
  send_reset(side);
  arrive_reset(side);
}

void Connection::close(int side, bool abort) {
  End& me = ends_[side];
  DARUMA_ASSERT(!me.closed);
  me.closed = true;
  me.finished = std::min(me.finished, network_.now());
  me.said_finished = std::min(me.said_finished, me.finished);
  me.socket = nullptr;
  me.ready = 0;
  if (phase_ == Phase::failed) return network_.forget(id_);
  if (phase_ == Phase::connecting) return;  // on_syn or on_connect_result forgets it
  if (abort || pipes_[1 - side].unread_bytes() > 0) {
    if (!me.reset) send_reset(side);
  } else if (!pipes_[side].fin_sent && !me.reset) {
    pipes_[side].fin_sent = true;
    send(side, {{}, Tail::fin});
  }
  if (finished()) network_.forget(id_);
}

std::optional<Duration> Connection::idle_at_close(int side) const {
  const End& end = ends_[side];
  if (end.finished == never) return std::nullopt;
  return end.finished - std::max(end.reads.last(), end.writes.last());
}

bool Connection::finished() const {
  return ends_[0].closed && ends_[1].closed && pipes_[0].flying.empty() && pipes_[1].flying.empty();
}

// --- What arrives ---

void Connection::on_segment(int side) {
  Pipe& pipe = pipes_[side];
  DARUMA_ASSERT(!pipe.flying.empty());
  Segment segment = std::move(pipe.flying.front());
  pipe.flying.pop_front();
  pipe.flying_bytes -= segment.bytes.size();
  network_.mix(segment.bytes);
  const int receiver = 1 - side;
  End& end = ends_[receiver];
  if (end.closed) {
    if (!segment.bytes.empty()) send_reset(receiver);
    if (finished()) network_.forget(id_);
    return;
  }
  if (segment.tail == Tail::rst) return arrive_reset(receiver);
  if (segment.tail == Tail::fin) pipe.fin_arrived = true;
  pipe.unread += segment.bytes;
  if (!segment.bytes.empty() || pipe.fin_arrived) notify(receiver, ready_read);
}

void Connection::arrive_reset(int side) {
  End& end = ends_[side];
  Pipe& in = pipes_[1 - side];
  end.reset = true;
  end.error = io::SocketError::reset;
  pipes_[side].dead = true;
  if (network_.faults().reset_discards_unread) {
    in.unread.clear();
    in.read_at = 0;
  }
  notify(side, ready_read);
  if (pipes_[side].writer_waits) notify(side, ready_write);
}

void Connection::on_window(int side) {
  Pipe& pipe = pipes_[side];
  pipe.window_under_way = false;
  if (ends_[side].closed || !pipe.writer_waits) return;
  notify(side, ready_write);
}

void Connection::notify(int side, uint8_t ready) {
  End& end = ends_[side];
  // An end that nobody accepted yet hears of it when somebody does.
  if (!end.socket) return;
  if (ready & ready_write) pipes_[side].writer_waits = false;
  const bool first = end.ready == 0;
  end.ready |= ready;
  if (first) network_.loop(end.loop)->notify_connection(id_, side);
}

}  // namespace daruma::sim
