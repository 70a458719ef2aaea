// SPDX-License-Identifier: Apache-2.0
//
// Takes the figures that Mackerel is given, once in an interval, at the full minute of the wall
// clock where it is one; hears of changes of the configuration; and tells both to a sink. Keeps the
// latest figures for GET /mackerel, which `daruma mackerel-plugin` and `daruma check-alb` ask.
// Control thread.
#pragma once

#include <string>
#include <vector>

#include "control/admin_server.h"
#include "control/controller.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "telemetry/mackerel_sample.h"
#include "telemetry/node_status.h"
#include "telemetry/registry.h"

namespace daruma::control {

// What of the node has to be checked besides its load balancers. Control thread.
class NodeChecks {
 public:
  virtual std::vector<telemetry::CertificateStatus> certificates() = 0;
  // What is wrong with the configuration: the file's refusal, a listener that could not listen.
  virtual std::vector<std::string> configuration_problems() = 0;

 protected:
  ~NodeChecks() = default;
};

class MackerelDesk final : public AdminHandler, private io::TimerHandler {
 public:
  // All of it outlives the desk; `sink` may be null. REQUIRES: the controller has a snapshot.
  MackerelDesk(io::Loop& loop, const Controller& controller, const telemetry::Registry& registry,
               NodeChecks& checks, Duration interval, telemetry::MackerelSink* sink);
  MackerelDesk(const MackerelDesk&) = delete;
  MackerelDesk& operator=(const MackerelDesk&) = delete;

  // GET /mackerel: JSON.
  void handle(const AdminRequest& request, AdminResponder responder) override;
  const telemetry::MackerelMinute& latest() const { return latest_; }

 private:
  void on_timer(io::Timer& timer) override;
  void note_change();
  void take();
  Duration until_next() const;
  std::vector<telemetry::MackerelView> views() const;
  telemetry::MackerelView view_of(const model::LoadBalancer& balancer) const;

  io::Loop& loop_;
  const Controller& controller_;
  const telemetry::Registry& registry_;
  NodeChecks& checks_;
  const Duration interval_;
  telemetry::MackerelSink* const sink_;
  telemetry::MackerelSampler sampler_;
  telemetry::MackerelMinute latest_;
  model::SnapshotRef seen_;  // the newest configuration that was looked at
  Instant taken_{};          // the latest figures
  Instant next_{};
  io::Timer timer_;
};

}  // namespace daruma::control
