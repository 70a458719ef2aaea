// SPDX-License-Identifier: Apache-2.0
//
// How busy one target is that some worker finds slow, as the whole node sees it from what its
// workers report, and how many requests each of them may have under way there: the node's limit
// (health/latency_limit), divided by what each has in flight and waiting. Pure: told the time.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "health/latency_limit.h"
#include "model/letter.h"

namespace daruma::health {

class NodeLoad {
 public:
  // A worker whose report is older has nothing under way: it reports every 100 ms while it has.
  static constexpr Duration silence_max = 1s;
  // Parts are divided anew that often: long against a letter's way, short against what waits.
  static constexpr Duration division_interval = 100ms;
  // Without a limit and without a worker that finds it slow for that long, it is as ever.
  static constexpr Duration calm_after = 5s;

  // `report` is the first one, of a worker that finds the target slow.
  NodeLoad(size_t workers, const model::LoadReport& report, Instant now);

  void take(const model::LoadReport& report, Instant now);
  bool is_calm(Instant now) const;
  // What that worker should know.
  model::LoadLetter letter(uint32_t worker) const;
  // The last one: nothing is limited, and nothing needs to be reported.
  model::LoadLetter farewell() const;

 private:
  struct Worker {
    Instant reported{};  // the zero instant: never
    model::LoadReport last;
    uint32_t part = LatencyLimit::unlimited;
    uint32_t wants() const { return last.in_flight + last.waiting; }
  };

  void divide(Instant now);
  bool speaks(const Worker& worker, Instant now) const;

  model::TargetKey target_;
  std::vector<Worker> workers_;
  LatencyLimit limit_;
  uint32_t divided_limit_ = LatencyLimit::unlimited;
  Instant divided_at_{};
  Instant slow_at_;
  Instant reported_at_;
};

}  // namespace daruma::health
