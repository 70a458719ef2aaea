// SPDX-License-Identifier: Apache-2.0
//
// The simulated network: a virtual clock, one event queue ordered by (time, sequence), and the
// connections. All loops of a run hang on one SimNetwork and run in one real thread; the seed
// decides every delay and every order, so the same seed is the same run. The trace hash covers each
// event and each byte delivered: equal hashes mean equal runs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/connection.h"
#include "sim/faults.h"

namespace daruma::sim {

class SimAcceptor;
class SimLoop;
class SimWaker;

enum class EventKind : uint8_t { turn, syn, connect_result, segment, window, wake };

class SimNetwork {
 public:
  // Told after each event; what the auditor hangs on.
  class Watcher {
   public:
    // `turned` is the loop that had a turn, or nullptr.
    virtual void after_event(SimLoop* turned) = 0;
    // A letter's wake-up was asked for by `from` (nullptr: before the run), and was heard.
    virtual void on_wake_asked(SimLoop* from, SimWaker& waker) = 0;
    virtual void on_wake_heard(SimWaker& waker) = 0;

   protected:
    ~Watcher() = default;
  };

  explicit SimNetwork(uint64_t seed);
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  Instant now() const { return now_; }
  WallTime wall_now() const;
  void jump_wall_clock(Duration by) { wall_offset_ += by; }
  Random& random() { return random_; }

  void set_faults(const NetworkFaults& faults) { faults_ = faults; }
  const NetworkFaults& faults() const { return faults_; }
  const std::vector<FaultRecord>& fault_log() const { return fault_log_; }
  void set_watcher(Watcher* watcher) { watcher_ = watcher; }

  // Runs all events up to `end`, or until stop() was called.
  void run_until(Instant end);
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  uint64_t events() const { return sequence_run_; }

  uint64_t trace_hash() const { return trace_hash_; }
  // Prints events as they happen.
  void set_verbose(bool verbose) { verbose_ = verbose; }
  bool verbose() const { return verbose_; }
  void note(std::string_view text) const;  // one line, with the virtual time; only if verbose

  // Connections still open at either end; `from` is the loop that connected.
  size_t open_connections(uint32_t from_loop, const Address& to) const;
  size_t open_connections() const;  // that somebody holds
  // Nullptr once both ends have closed.
  const Connection* connection(uint32_t id) const;
  bool listening(const Address& at) const;
  uint32_t newest_connection() const { return newest_connection_; }

  // --- For SimLoop and its sockets ---
  uint32_t add_loop(SimLoop& loop);
  void remove_loop(uint32_t loop) { loops_[loop] = nullptr; }
  SimLoop* loop(uint32_t id) { return loops_[id]; }
  SimLoop* current() { return current_; }
  void schedule(Instant at, EventKind kind, uint32_t object, uint32_t argument = 0);
  Connection& open(SimLoop& from, const Address& source, const Address& to);
  Connection* find(uint32_t id);
  void forget(uint32_t connection);  // both ends have closed, nothing is under way
  void record(FaultRecord fault);
  void mix(uint64_t value);
  void mix(std::string_view bytes);

  // Listening sockets. add_acceptor: false if the address is taken.
  bool add_acceptor(SimAcceptor& acceptor, bool share_port);
  void remove_acceptor(SimAcceptor& acceptor);
  SimAcceptor* choose_acceptor(const Address& to);
  SimAcceptor* find_acceptor(uint32_t id);
  uint32_t next_id() { return ++last_id_; }
  uint16_t next_port();
  void add_waker(SimWaker& waker);
  void remove_waker(SimWaker& waker);
  SimWaker* find_waker(uint32_t id);
  Watcher* watcher() { return watcher_; }

 private:
  struct Event {
    Instant at;
    uint64_t sequence;
    EventKind kind;
    uint32_t object;
    uint32_t argument;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : sequence > other.sequence;
    }
  };
  void run(const Event& event);
  SimLoop* turn(uint32_t loop, uint32_t generation);
  void trace(const Event& event) const;

  Instant now_{};
  Duration wall_offset_{0};
  Random random_;
  NetworkFaults faults_;
  std::vector<FaultRecord> fault_log_;
  Watcher* watcher_ = nullptr;
  SimLoop* current_ = nullptr;
  bool stopped_ = false;
  bool verbose_ = false;

  uint64_t sequence_ = 0;
  uint64_t sequence_run_ = 0;
  uint64_t trace_hash_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;

  uint32_t last_id_ = 0;
  uint32_t newest_connection_ = 0;
  uint16_t last_port_ = 20'000;
  std::vector<SimLoop*> loops_;
  std::unordered_map<uint32_t, std::unique_ptr<Connection>>
      connections_;  // never iterated in a run
  struct Bound {
    SimAcceptor* acceptor;
    bool share_port;
  };
  std::map<Address, std::vector<Bound>> acceptors_;
  std::map<uint32_t, SimAcceptor*> acceptors_by_id_;
  std::map<uint32_t, SimWaker*> wakers_;
};

}  // namespace daruma::sim
