// SPDX-License-Identifier: Apache-2.0
//
// One worker between clients and a target that do by hand what a test tells them, over a calm
// simulated network: for what has to be told exactly, where the seeds only come by.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/worker.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"

namespace daruma::sim {

// One end of a connection outside of Daruma.
class Peer final : private io::SocketHandler {
 public:
  Peer(SimLoop& loop, const Address& to);
  explicit Peer(std::unique_ptr<io::Socket> accepted);

  // As fast as the network takes it.
  void say(std::string bytes);
  void say_no_more();
  // Until true, it reads nothing.
  void listen(bool yes);
  void hang_up() { socket_ = nullptr; }

  std::string heard;  // and has not been taken from here
  std::string ever_heard;
  bool ended = false;  // FIN came
  bool reset = false;
  std::function<void(Peer&)> on_heard = [](Peer&) {};
  std::function<void(Peer&)> on_over = [](Peer&) {};  // ended, or reset
  uint32_t connection() const { return connection_id(*socket_); }

 private:
  void on_connected() override { push(); }
  void on_readable() override { pull(); }
  void on_writable() override { push(); }
  void pull();
  void push();

  std::unique_ptr<io::Socket> socket_;
  std::string unsaid_;
  bool listens_ = true;
  bool says_no_more_ = false;
};

class OneWorker final : private SimNetwork::Watcher,
                        private io::Mailbox<model::ControlLetter>::Reader,
                        private io::Mailbox<model::HealthThreadLetter>::Reader,
                        private io::AcceptHandler,
                        private io::TimerHandler {
 public:
  OneWorker();
  ~OneWorker();

  // The configuration: one load balancer with one listener, whose only rule forwards to a group of
  // one target. Change it, then publish().
  model::Snapshot draft;
  model::LoadBalancer& balancer() { return draft.load_balancers.front(); }
  void publish();
  // Puts a rule before the others: `path` is answered by Daruma itself.
  void answer_at(const std::string& path, model::FixedResponseAction action);

  // What is accepted from now on keeps so much of what is written, as TLS does.
  void keep_output(size_t bytes) { worker_loop_.set_output_bytes(bytes); }

  // From now on the worker has descriptors for no connection to a target, or has them again.
  void lack_descriptors(bool yes) { worker_loop_.lack_descriptors(yes); }
  size_t connects_refused() const { return worker_loop_.connects_refused(); }

  // From now on the worker needs so long for each event.
  void slow_down(Duration event_cost) { worker_loop_.set_event_cost(event_cost); }

  // From now on the worker's clock is so much further whenever it is read within a turn.
  void set_clock_step(Duration step) { worker_loop_.set_clock_step(step); }

  Peer& connect(uint16_t port = 80);
  // Where clients and target live.
  SimLoop& outside() { return outside_loop_; }
  // Connections that the target accepted. They answer each head with `target_says`.
  std::vector<std::unique_ptr<Peer>> target_connections;
  std::string target_says =
      "HTTP/1.1 200 OK\r\nDate: Sat, 03 Oct 2026 12:02:00 GMT\r\nContent-Length: 2\r\n\r\nok";
  Duration target_takes{};     // so long to answer
  bool target_listens = true;  // to what comes over connections that it accepts from now on

  void run_for(Duration d);
  // For at most a virtual minute; whether it came true.
  bool run_until(const std::function<bool()>& condition);
  void post(model::WorkerLetter letter);
  // As GET /metrics would show them.
  int64_t slabs_outstanding() const;
  size_t targets_registered() const;
  uint64_t requests_to_targets() const;
  // When the worker has had a turn.
  std::function<void()> on_turn = [] {};

  SimNetwork network{1};
  std::vector<std::string> log_lines;
  std::vector<model::ControlLetter> letters;
  // Failed requests in a row that the health thread was told of, at most.
  uint32_t failures_told = 0;
  // The most that a turn of the worker wrote to one connection.
  uint64_t bytes_per_turn_most = 0;
  std::unique_ptr<proxy::Worker> worker;

 private:
  void after_event(SimLoop* turned) override;
  void on_wake_asked(SimLoop*, SimWaker&) override {}
  void on_wake_heard(SimWaker&) override {}
  void on_letter(model::ControlLetter letter) override { letters.push_back(std::move(letter)); }
  void on_letter(model::HealthThreadLetter letter) override;
  void on_accept(std::unique_ptr<io::Socket> socket) override;
  void on_timer(io::Timer&) override { say_what_is_due(); }
  void say_what_is_due();

  SimLoop control_loop_;
  SimLoop outside_loop_;
  SimLoop worker_loop_;
  const Log log_ = Log::silent();
  telemetry::Registry registry_;
  telemetry::LogRing ring_;
  io::Mailbox<model::ControlLetter> control_;
  io::Mailbox<model::HealthThreadLetter> health_;
  std::vector<std::unique_ptr<Peer>> clients_;
  std::unique_ptr<io::Acceptor> target_;
  struct Answer {
    Instant due;
    Peer* to;
  };
  std::deque<Answer> answers_;
  io::Timer answer_timer_;
  std::vector<uint64_t> written_;  // by connection
};

}  // namespace daruma::sim
