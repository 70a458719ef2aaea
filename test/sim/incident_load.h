// SPDX-License-Identifier: Apache-2.0
//
// Open-loop clients: requests begin when the plan says so, whatever became of those before. Each
// goes out on an idle keep-alive connection or a new one, and is given up after the plan's
// patience; impatient users then ask again. Latency counts from the intended time.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/random.h"
#include "io/loop.h"
#include "sim/incident_scenario.h"

namespace daruma::sim {
class SimLoop;
}

namespace daruma::sim::incident {

enum class Outcome : uint8_t {
  pending,
  ok,         // 2xx
  error,      // another status
  timed_out,  // given up by the client
  broken,     // closed, reset or malformed instead of an answer
};

// One request as a client sent it; its number is its place in the list.
struct Attempt {
  Instant at{};  // intended
  Instant done{};
  Outcome outcome = Outcome::pending;
  int status = 0;
  bool post = false;
  int retries_left = 0;
};

class Load final : private io::TimerHandler {
 public:
  Load(SimLoop& loop, const Address& node, const LoadPlan& plan, uint64_t seed);
  ~Load();

  // REQUIRES: no loop has its turn.
  void start();
  const std::vector<Attempt>& attempts() const { return attempts_; }
  // Everything has begun and ended.
  bool finished() const { return next_ == never && retries_.empty() && pending_ == 0; }

 private:
  class Client;
  void on_timer(io::Timer& timer) override;
  void plan_next();
  double rate_at(Duration since_start) const;
  void begin(bool post, int retries_left);
  void finish(Client& client, Outcome outcome, int status);

  SimLoop& loop_;
  const Address node_;
  const LoadPlan plan_;
  Random random_;
  Instant begun_{};
  Instant next_ = never;                 // arrival
  std::multimap<Instant, int> retries_;  // when → how many are left after it
  io::Timer timer_;
  std::vector<Attempt> attempts_;
  size_t pending_ = 0;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> idle_;    // connected; the most recently used last
  std::vector<Client*> unused_;  // not connected
};

}  // namespace daruma::sim::incident
