// SPDX-License-Identifier: Apache-2.0
//
// One run of the incident: a node of Daruma (workers and prober as in production, each on its own
// simulated thread) between open-loop clients and targets that can be saturated. The network is
// calm: what goes wrong here is load.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/log.h"
#include "health/prober.h"
#include "io/mailbox.h"
#include "proxy/worker.h"
#include "sim/incident_load.h"
#include "sim/incident_result.h"
#include "sim/incident_target.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"

namespace daruma::sim::incident {

class World final : private io::Mailbox<model::ControlLetter>::Reader, private TargetWatcher {
 public:
  explicit World(const Scenario& scenario);
  ~World();

  Result run();

 private:
  struct Node {
    Node(SimNetwork& network, std::string name);
    SimLoop loop;
    telemetry::LogRing log;
    std::unique_ptr<proxy::Worker> worker;
  };
  struct PlannedTurn {
    TargetTurn turn;
    size_t target;
  };

  void on_letter(model::ControlLetter letter) override;
  uint64_t on_page_begun(size_t target, const PageRequest& request) override;

  void build_node();
  void start_targets();
  void publish(uint64_t revision);
  void run_second();
  void note_second();
  Reasons reasons_so_far();
  uint64_t retries_so_far();
  void note_groups();
  void count_attempts();
  void count_repeats();

  const Scenario scenario_;
  SimNetwork network_;
  SimLoop control_loop_;
  SimLoop target_loop_;
  SimLoop client_loop_;
  SimLoop health_loop_;
  const Log log_ = Log::silent();
  telemetry::Registry registry_;
  telemetry::LogRing health_log_;
  io::Mailbox<model::ControlLetter> control_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::unique_ptr<health::Prober> prober_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::unique_ptr<Load> load_;

  Instant began_{};                 // the load
  std::vector<PlannedTurn> turns_;  // in order of time
  size_t next_turn_ = 0;
  std::map<model::TargetKey, size_t> index_;
  std::vector<size_t> group_of_;            // by target
  std::vector<uint64_t> pages_begun_;       // by group
  std::vector<model::HealthState> health_;  // as told to control
  std::vector<uint32_t> begun_;             // by attempt: how often an application saw it
  std::map<uint64_t, size_t> groups_;       // by attempt: which one was drawn
  Reasons reasons_{};                       // until the last second
  Result result_;
};

}  // namespace daruma::sim::incident
