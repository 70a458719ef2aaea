// SPDX-License-Identifier: Apache-2.0
//
// A whole node – workers and prober as in production, each on its own simulated thread – between
// targets that answer as a test tells them and clients that ask without pause, over a calm network:
// for what is a matter of shares and of time. What reaches whom is counted.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "health/prober.h"
#include "proxy/worker.h"
#include "sim/one_worker.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"

namespace daruma::sim {

// Answers each request after a while, many at once; or as many as it has places for, each of which
// a connection holds from its first request to its end (health checks need none).
class CrowdTarget final : private io::AcceptHandler, private io::TimerHandler {
 public:
  CrowdTarget(SimLoop& loop, const Address& address, uint64_t seed);

  const Address& address() const { return address_; }
  // How it answers requests; its health checks it passes while `healthy`.
  std::function<Duration(Random&)> takes = [](Random&) { return Duration(10ms); };
  std::function<int(Random&)> status = [](Random&) { return 200; };
  // What it says instead of an answer; then it hangs up.
  std::function<std::optional<std::string>(Random&)> nonsense = [](Random&) {
    return std::nullopt;
  };
  bool healthy = true;
  size_t places = SIZE_MAX;

  size_t requests = 0;        // that have arrived, health checks not counted
  size_t requests_after = 0;  // of those, asked by their client after watch_from()
  void watch_from(Instant then) {
    watched_from_ = then;
    requests_after = 0;
  }

 private:
  struct Due {
    std::weak_ptr<Peer> peer;
    std::string answer;
    bool last = false;
  };
  void on_accept(std::unique_ptr<io::Socket> socket) override;
  void on_timer(io::Timer& timer) override;
  void hear(const std::shared_ptr<Peer>& peer);
  bool has_place(Peer& peer);
  void let_in();
  void answer(const std::shared_ptr<Peer>& peer, const std::string& head);

  SimLoop& loop_;
  const Address address_;
  Random random_;
  Instant watched_from_ = never;
  std::unique_ptr<io::Acceptor> acceptor_;
  std::vector<std::shared_ptr<Peer>> peers_;
  std::set<const Peer*> inside_;
  std::multimap<Instant, Due> due_;
  io::Timer timer_;
};

struct SmallNodeOptions {
  uint64_t seed = 1;
  size_t workers = 2;
  size_t targets = 3;
};

class SmallNode final : private SimNetwork::Watcher,
                        private io::Mailbox<model::ControlLetter>::Reader {
 public:
  explicit SmallNode(SmallNodeOptions options);
  ~SmallNode();

  // One listener, whose only rule forwards to a group of all targets, probed every 5 s. Change it,
  // then publish().
  model::Snapshot draft;
  model::TargetGroup& group() { return draft.target_groups.front(); }
  // A member of the group as target i has it; also one that is not registered at first.
  model::Target member(size_t i) const;
  void publish();
  bool adopted_by_all() const;  // what was published last

  // So many clients ask from now on, each again as soon as it is answered, or cut off, and has
  // paused.
  void ask(size_t clients, Duration pause = Duration(0));
  void stop_asking() { asking_ = false; }

  void run_for(Duration d);
  bool run_until(const std::function<bool()>& condition, Duration at_most = 60s);
  Instant now() const { return network.now(); }

  // Requests that targets were sent since the last call.
  std::vector<size_t> requests();
  std::map<int, size_t> answers;                           // by status
  std::map<model::TargetKey, model::TargetHealth> health;  // as control was told
  std::function<void(const model::ControlLetter&)> on_letter_ = [](const model::ControlLetter&) {};

  SimNetwork network;
  std::vector<std::unique_ptr<CrowdTarget>> targets;
  telemetry::Registry registry;

 private:
  struct Node {
    Node(SimNetwork& network, const std::string& name);
    SimLoop loop;
    telemetry::LogRing log;
    std::unique_ptr<proxy::Worker> worker;
    uint64_t adopted = 0;
  };
  class Client;
  void after_event(SimLoop* turned) override;
  void on_wake_asked(SimLoop*, SimWaker&) override {}
  void on_wake_heard(SimWaker&) override {}
  void on_letter(model::ControlLetter letter) override;

  SimLoop control_loop_;
  SimLoop outside_loop_;
  SimLoop health_loop_;
  const Log log_ = Log::silent();
  telemetry::LogRing health_log_;
  io::Mailbox<model::ControlLetter> control_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::unique_ptr<health::Prober> prober_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<size_t> counted_;
  bool asking_ = true;
};

}  // namespace daruma::sim
