// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_bound.h"

#include <algorithm>

#include "model/target.h"
#include "sim/incident_target.h"

namespace daruma::sim::incident {
namespace {

// A worker process, or a processor of an event-driven target.
struct Server {
  size_t target;
  int number;  // within the target
  Duration free_at{};
  std::vector<Duration> ends{};  // of jobs that may not have ended yet
};

class Group {
 public:
  Group(const Scenario& scenario, const Scenario::Group& group, Bound& bound) : bound_(bound) {
    for (const size_t index : group.targets) {
      const TargetPlan& plan = scenario.targets[index];
      targets_.push_back({.plan = &plan, .workers = plan.workers});
      const int most = workers_most(plan);
      for (int i = 0; i < most; ++i) servers_.push_back({targets_.size() - 1, i});
      for (const TargetTurn& turn : plan.turns) turns_.push_back({turn, targets_.size() - 1});
    }
    std::stable_sort(turns_.begin(), turns_.end(),
                     [](const auto& a, const auto& b) { return a.turn.at < b.turn.at; });
  }

  void serve(const Arrival& arrival);

 private:
  struct State {
    const TargetPlan* plan;
    int workers;
    bool alive = true;
    int pace = 100;
  };
  struct Planned {
    TargetTurn turn;
    size_t target;
  };
  static int workers_most(const TargetPlan& plan) {
    int most = plan.workers;
    for (const TargetTurn& turn : plan.turns) {
      if (turn.turn == Turn::workers) most = std::max(most, turn.value);
    }
    return most;
  }
  void take_turns(Duration until);
  void lose(size_t target, Duration at);
  Server* first_free(Duration now);
  Duration time_for(const State& target, uint64_t attempt) const;
  void count(Duration end, int by);

  Bound& bound_;
  std::vector<State> targets_;
  std::vector<Server> servers_;
  std::vector<Planned> turns_;
  size_t next_turn_ = 0;
};

void Group::serve(const Arrival& arrival) {
  take_turns(arrival.at);
  Server* server = first_free(arrival.at);
  if (!server) return;
  const Duration start = std::max(server->free_at, arrival.at);
  if (start - arrival.at > model::SaturationGuard{}.queue_timeout) return;
  const Duration end = start + time_for(targets_[server->target], arrival.attempt);
  server->free_at = end;
  std::erase_if(server->ends, [&](Duration e) { return e <= arrival.at; });
  server->ends.push_back(end);
  count(end, 1);
}

void Group::take_turns(Duration until) {
  for (; next_turn_ < turns_.size() && turns_[next_turn_].turn.at <= until; ++next_turn_) {
    const auto& [turn, index] = turns_[next_turn_];
    State& target = targets_[index];
    switch (turn.turn) {
      case Turn::stop_closing:
      case Turn::stop_resetting:
      case Turn::vanish:
      case Turn::freeze:
        target.alive = false;
        lose(index, turn.at);
        break;
      case Turn::start:
        target.alive = true;
        break;
      case Turn::workers:
        target.workers = turn.value;
        break;
      case Turn::pace:
        target.pace = turn.value;
        break;
      case Turn::handshakes:
        break;  // where there are places, nobody waits for them
    }
  }
}

// What a dying target was doing is lost: making it again elsewhere would cost as much.
void Group::lose(size_t target, Duration at) {
  for (Server& server : servers_) {
    if (server.target != target) continue;
    for (const Duration end : server.ends) {
      if (end > at) count(end, -1);
    }
    server.ends.clear();
    server.free_at = at;
  }
}

Server* Group::first_free(Duration now) {
  Server* best = nullptr;
  for (Server& server : servers_) {
    const State& target = targets_[server.target];
    if (!target.alive || server.number >= target.workers) continue;
    if (server.free_at <= now) return &server;
    if (!best || server.free_at < best->free_at) best = &server;
  }
  return best;
}

Duration Group::time_for(const State& target, uint64_t attempt) const {
  const TargetPlan& plan = *target.plan;
  const Duration handshake =
      plan.architecture == Architecture::prefork ? plan.handshake / (plan.keep_alive_max + 1) : 0ns;
  return (page_time(plan, attempt) + handshake) * target.pace / 100;
}

void Group::count(Duration end, int by) {
  const auto second = static_cast<size_t>(end / 1s);
  if (bound_.per_second.size() <= second) bound_.per_second.resize(second + 1);
  bound_.per_second[second] += static_cast<uint32_t>(by);
  bound_.served += static_cast<uint64_t>(by);
}

}  // namespace

Bound bound_of(const Scenario& scenario, const std::vector<Arrival>& arrivals) {
  Bound bound;
  std::vector<Group> groups;
  uint64_t weights = 0;
  for (const Scenario::Group& group : scenario.groups) {
    groups.emplace_back(scenario, group, bound);
    weights += group.weight;
  }
  uint64_t turn = 0;
  for (const Arrival& arrival : arrivals) {
    // Evenly by weight: the load balancer draws, which on the whole comes to the same.
    uint64_t place = turn++ % weights;
    size_t group = 0;
    while (place >= scenario.groups[group].weight) place -= scenario.groups[group++].weight;
    groups[group].serve(arrival);
  }
  return bound;
}

}  // namespace daruma::sim::incident
