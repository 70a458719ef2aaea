// SPDX-License-Identifier: Apache-2.0
//
// Apache's prefork as a balancer sees it: each worker process takes the oldest connection out of
// the accept queue, pays its TLS handshake, and holds it until it is closed: by KeepAliveTimeout,
// after MaxKeepAliveRequests, or by the peer. It does not notice that its peer has gone while it
// makes a page, and waits for the peer's FIN after its own (lingering close).
#pragma once

#include <deque>
#include <vector>

#include "io/socket.h"
#include "io/timer_wheel.h"
#include "sim/incident_target.h"

namespace daruma::sim::incident {

class PreforkTarget final : public Target {
 public:
  PreforkTarget(SimLoop& loop, size_t index, const Address& address, const TargetPlan& plan,
                TargetWatcher& watcher);
  ~PreforkTarget() override;

 private:
  class Worker;
  void on_accept(std::unique_ptr<io::Socket> socket) override;
  void open_door() override;
  void drop_all(bool reset) override;
  void thaw() override;
  void set_workers(int workers) override;
  size_t connections() const override { return busy_; }
  size_t serving() const override { return serving_; }
  void on_free(Worker& worker);

  std::deque<std::unique_ptr<Worker>> workers_;  // all that there ever were
  std::vector<Worker*> free_;
  size_t allowed_;  // connections at once
  size_t busy_ = 0;
  size_t serving_ = 0;
};

}  // namespace daruma::sim::incident
