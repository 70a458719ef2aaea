// SPDX-License-Identifier: Apache-2.0
//
// An event-driven server: accepts without limit, and all handshakes, pages and health checks under
// way share its processors evenly, so that everything slows down together. What it began it
// finishes, also for a peer that has gone.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "io/socket.h"
#include "io/timer_wheel.h"
#include "sim/incident_target.h"

namespace daruma::sim::incident {

class EventTarget final : public Target, private io::TimerHandler, private io::Task {
 public:
  EventTarget(SimLoop& loop, size_t index, const Address& address, const TargetPlan& plan,
              TargetWatcher& watcher);
  ~EventTarget() override;

 private:
  class Peer;
  // Jobs by the share of a processor that each job must have had in all when this one is done.
  using Jobs = std::multimap<Duration, Peer*>;

  void on_accept(std::unique_ptr<io::Socket> socket) override;
  void open_door() override;
  void drop_all(bool reset) override;
  void thaw() override;
  void set_workers(int workers) override;
  size_t connections() const override { return peers_.size(); }
  size_t serving() const override { return jobs_.size(); }
  void on_timer(io::Timer& timer) override;
  void run() override;  // Task

  void begin(Peer& peer, Duration work);
  void remove(Peer& peer);
  void progress();
  void plan_next();

  std::map<uint64_t, std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<Peer>> dead_;  // may still be on the call stack
  uint64_t last_peer_ = 0;
  Jobs jobs_;
  int processors_;
  Duration share_{};  // what each job has had since the beginning
  Instant shared_until_{};
  io::Timer timer_;
};

}  // namespace daruma::sim::incident
