// SPDX-License-Identifier: Apache-2.0
//
// One TCP connection of the simulated network: two ends, and a pipe from each to the other with
// latency, a bounded window, FIN and RST. Behaves as Linux does where our side can tell: closing
// with unread bytes sends RST; bytes for a closed end are answered by RST; RST drops what the
// resetting end had not yet sent.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/time.h"
#include "io/socket.h"

namespace daruma::sim {

class SimAcceptor;
class SimLoop;
class SimNetwork;
class SimSocket;

enum Ready : uint8_t {
  ready_connected = 1,
  ready_connect_failed = 2,
  ready_read = 4,
  ready_write = 8,
};

class Connection {
 public:
  static constexpr int initiator = 0;
  static constexpr int acceptor = 1;
  enum class Phase : uint8_t { connecting, queued, open, failed };

  // When something last happened, and when before that.
  class Moments {
   public:
    void add(Instant now) {
      if (now == last_) return;
      before_ = last_;
      last_ = now;
    }
    Instant last() const { return last_; }
    Instant last_before(Instant now) const { return last_ < now ? last_ : before_; }

   private:
    Instant last_{}, before_{};
  };

  struct End {
    SimSocket* socket = nullptr;  // nullptr: not yet accepted, or closed
    uint32_t loop = 0;
    Address address;
    bool closed = false;
    bool readable = false;  // the edge that was delivered and not used up
    uint8_t ready = 0;      // edges not yet delivered
    bool reset = false;     // RST arrived
    io::SocketError error = io::SocketError::none;
    // What its owner did: when it last moved bytes, and when it said that it was done.
    Moments reads;
    Moments writes;
    // What its socket took from it, where that keeps what the network does not take.
    Moments accepts;
    bool keeps = false;
    Instant finished = never;
    // When its owner said so: earlier, where its socket has kept something that goes first.
    Instant said_finished = never;
    size_t kept_at_close = 0;  // bytes that its socket had accepted and the network never got
    uint64_t written = 0;      // bytes, so far
    bool reset_at_write = false;
  };

  Connection(SimNetwork& network, uint32_t id, SimLoop& from, const Address& source,
             const Address& to);

  uint32_t id() const { return id_; }
  Phase phase() const { return phase_; }
  const End& end(int side) const { return ends_[side]; }
  End& end(int side) { return ends_[side]; }
  const Address& source() const { return ends_[initiator].address; }
  const Address& to() const { return ends_[acceptor].address; }
  uint32_t from_loop() const { return ends_[initiator].loop; }
  uint32_t accepting_loop() const { return ends_[acceptor].loop; }

  // How long the end had moved nothing when it closed; nullopt if it has not closed.
  std::optional<Duration> idle_at_close(int side) const;
  // When the last byte under way arrives.
  Instant quiet_from() const { return std::max(pipes_[0].last_arrival, pipes_[1].last_arrival); }

  // What a socket asks for.
  io::IoResult read(int side, std::span<char> into);
  io::IoResult write(int side, std::span<const std::string_view> pieces);
  void finish_writing(int side);
  void close(int side, bool abort);
  // The next write finds out that the peer has reset the connection: no event has told of it yet.
  void reset_at_next_write(int side) { ends_[side].reset_at_write = true; }
  void accepted_by(SimSocket& socket);
  // The acceptor was closed while this waited in its queue.
  void drop_from_queue();

  // What the network tells.
  void begin();  // draws the connect's fate
  void on_syn();
  void on_connect_result();
  void on_segment(int pipe);
  void on_window(int pipe);
  // After the last word on it: true if nobody can hear of it any more.
  bool finished() const;

 private:
  enum class Tail : uint8_t { none, fin, rst };
  struct Segment {
    std::string bytes;
    Tail tail = Tail::none;
  };
  // One direction; pipes_[side] carries what ends_[side] writes.
  struct Pipe {
    std::deque<Segment> flying;
    size_t flying_bytes = 0;
    std::string unread;
    size_t read_at = 0;
    Instant last_arrival{};
    bool fin_sent = false;
    bool fin_arrived = false;
    bool dead = false;          // RST was sent along it; nothing may follow
    bool writer_waits = false;  // for room
    bool window_under_way = false;
    size_t unread_bytes() const { return unread.size() - read_at; }
  };

  Duration latency();
  void fail_later(io::SocketError error, Duration after);
  void send(int side, Segment segment);
  void send_bytes(int side, std::string bytes);
  void send_reset(int side);
  void reset_by_network();
  void arrive_reset(int side);
  void meet_reset(int side);
  void notify(int side, uint8_t ready);
  void offer_window(int side);
  size_t room(const Pipe& pipe) const;

  SimNetwork& network_;
  const uint32_t id_;
  Phase phase_ = Phase::connecting;
  std::array<End, 2> ends_;
  std::array<Pipe, 2> pipes_;
  Duration base_latency_;
  size_t capacity_;
  int syns_ = 0;
  int stalls_ = 0;
  io::SocketError fate_ = io::SocketError::none;
  uint32_t queued_at_ = 0;  // the acceptor's id
};

}  // namespace daruma::sim
