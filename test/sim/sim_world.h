// SPDX-License-Identifier: Apache-2.0
//
// One run: a node of Daruma (workers and prober as in production, each on its own simulated
// thread), the control thread's part in the letters, targets, clients, and everything that goes
// wrong. What is drawn from the seed, and in which order, is the constructor.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "health/prober.h"
#include "proxy/worker.h"
#include "sim/auditor.h"
#include "sim/deregistration_audit.h"
#include "sim/h2_client.h"
#include "sim/routing_audit.h"
#include "sim/sim_client.h"
#include "sim/sim_configuration.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"
#include "sim/sim_target.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"

namespace daruma::sim {

struct RunResult {
  std::string violation;  // "" if there is none
  uint64_t trace_hash = 0;
  uint64_t events = 0;
  size_t exchanges = 0;
  size_t completed = 0;
  size_t from_targets = 0;  // of those completed
  size_t routed = 0;        // exchanges whose routing was checked
  size_t faults = 0;
  size_t http2_connection_bytes = 0;  // the most that one held
  size_t http2_stream_bytes = 0;
  std::map<std::string, size_t> seen;  // log reasons and faults, how often
};

// With HTTP/2 there is an HTTPS listener too, most clients speak HTTP/2 to it, and so do targets
// where their group is of that version. All other draws of a seed stay what they are without.
enum class Protocols : uint8_t { http1, http2 };

class SimWorld final : private SimNetwork::Watcher,
                       private io::Mailbox<model::ControlLetter>::Reader,
                       private io::TimerHandler {
 public:
  SimWorld(uint64_t seed, Protocols protocols, bool verbose);
  ~SimWorld();

  RunResult run();

 private:
  // What goes wrong besides the network, each in this run or not.
  struct Troubles {
    bool reconfiguration = false;
    bool target_restarts = false;
    bool sick_targets = false;
    bool wall_jumps = false;
    bool faulty_targets = false;
    bool early_drain = false;      // the node is stopped while clients are busy
    bool few_connections = false;  // workers take two client connections each
    Duration pause_most{};         // between two of them
  };
  struct Node {
    Node(SimNetwork& network, std::string name);
    SimLoop loop;
    telemetry::LogRing log;
    std::unique_ptr<proxy::Worker> worker;
    size_t slabs_at_rest = 0;
    uint64_t revision = 0;  // adopted, as it told
    bool stopped = false;
  };

  // SimNetwork::Watcher
  void after_event(SimLoop* turned) override;
  void on_wake_asked(SimLoop* from, SimWaker& waker) override;
  void on_wake_heard(SimWaker& waker) override;
  // Mailbox<ControlLetter>::Reader
  void on_letter(model::ControlLetter letter) override;
  void on_timer(io::Timer& timer) override;

  void draw_targets();
  void build_node(size_t output_bytes);
  void draw_clients();
  void add_http2(uint64_t seed);
  void publish();
  model::SnapshotRef lent(const model::SnapshotRef& snapshot);
  void tell_auditor(const model::Snapshot& snapshot);
  void make_trouble();
  void calm_down();
  void run_for(Duration d);
  bool clients_done() const;
  void check_bounds(Node& node);
  void check_connections();
  void check_at_rest();
  void drain();
  void finish();
  RunResult result() const;
  void check_stopped();
  void check_gauges();
  Node* node_of(uint32_t loop);

  SimNetwork network_;
  Random random_;
  NetworkFaults faults_;
  Troubles troubles_;
  TrafficPlan traffic_;
  SimLoop control_loop_;
  SimLoop target_loop_;
  SimLoop client_loop_;
  SimLoop health_loop_;
  const std::vector<Address> target_addresses_;
  SimConfiguration configuration_;
  Auditor auditor_;
  RoutingAudit routing_;
  DeregistrationAudit deregistration_;

  const Log log_ = Log::silent();
  telemetry::Registry registry_;
  telemetry::LogRing health_log_;
  std::map<uint64_t, size_t> lent_;  // snapshots that are not freed yet, by revision
  io::Mailbox<model::ControlLetter> control_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::unique_ptr<health::Prober> prober_;
  std::vector<std::unique_ptr<SimTarget>> targets_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::vector<std::unique_ptr<H2Client>> h2_clients_;
  io::Timer change_timer_;                                  // control's: the next configuration
  io::Timer trouble_timer_;                                 // the targets': the next trouble
  std::vector<std::unique_ptr<io::Timer>> restart_timers_;  // by target
  bool calm_ = false;
  struct {
    size_t connection = 0;
    size_t stream = 0;
  } http2_bytes_;  // the most that were seen
  const Protocols protocols_;
  uint64_t revision_ = 0;
  std::set<model::TargetKey> registered_;
  std::set<uint16_t> ports_;  // of the listeners
  bool prober_stopped_ = false;
};

}  // namespace daruma::sim
