// SPDX-License-Identifier: Apache-2.0
#include "sim/incident_bound.h"

#include <algorithm>

#include "model/target.h"
#include "sim/faults.h"
#include "sim/incident_target.h"

namespace daruma::sim::incident {
namespace {

// Of the calm network: each segment takes between one and two times its connection's latency.
constexpr Duration round_trip =
    2 * (NetworkFaults{}.latency_least + NetworkFaults{}.latency_most) / 2 * 3 / 2;

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
      first_servers_.push_back(servers_.size());
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
    // It is silent, but no answer of it is overdue yet.
    Duration trusted_until{};
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
  Duration time_for(const State& target);
  void count(Duration end, int by);

  Bound& bound_;
  std::vector<State> targets_;
  std::vector<Server> servers_;
  std::vector<size_t> first_servers_;  // by target
  size_t asked_ = 0;
  std::vector<Planned> turns_;
  size_t next_turn_ = 0;
  uint64_t served_ = 0;  // those that were lost included
};

void Group::serve(const Arrival& arrival) {
  take_turns(arrival.at);
  Server* server = first_free(arrival.at);
  if (!server) return;
  const Duration start = std::max(server->free_at, arrival.at);
  if (server->free_at == Duration::max() ||
      start - arrival.at > model::SaturationGuard{}.queue_timeout)
    return;
  if (!targets_[server->target].alive) {
    server->free_at = Duration::max();
    return;
  }
  const Duration end = start + time_for(targets_[server->target]);
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
        target.alive = false;
        lose(index, turn.at);
        break;
      case Turn::vanish:
      case Turn::freeze:
        target.alive = false;
        if (turn.at > 0s)
          target.trusted_until = turn.at + target.plan->service_most * target.pace / 100;
        lose(index, turn.at);
        break;
      case Turn::start:
        for (Server& server : servers_) {
          if (server.target == index && !target.alive) server.free_at = turn.at;
        }
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

// What a dying target was doing is lost: making it again elsewhere would cost as much. Where it
// says nothing of its end, nobody can know before an answer is overdue; each of its places that is
// free takes one more request until then.
void Group::lose(size_t target, Duration at) {
  for (Server& server : servers_) {
    if (server.target != target) continue;
    for (const Duration end : server.ends) {
      if (end > at) count(end, -1);
    }
    server.ends.clear();
    const bool waits = targets_[target].trusted_until > at && server.free_at > at;
    server.free_at = waits ? Duration::max() : at;
  }
}

// Of the free ones in turn.
Server* Group::first_free(Duration now) {
  Server* best = nullptr;
  const size_t first = first_servers_[asked_++ % first_servers_.size()];
  for (size_t i = 0; i < servers_.size(); ++i) {
    Server& server = servers_[(first + i) % servers_.size()];
    const State& target = targets_[server.target];
    if (!target.alive && now >= target.trusted_until) continue;
    if (server.number >= target.workers) continue;
    if (server.free_at <= now) return &server;
    if (!best || server.free_at < best->free_at) best = &server;
  }
  return best;
}

// Nobody sees how long a page will take before it is made. So pages take their times in the order
// in which they are served: whom the queue turns away says nothing about the others.
//
// Of a place that serves one connection at a time. Between an answer and the next request lies a
// round trip; between connections there are two more: the FIN that a lingering close waits for, and
// the flights of the handshake.
Duration Group::time_for(const State& target) {
  const TargetPlan& plan = *target.plan;
  const Duration page = page_time(plan, served_++) * target.pace / 100;
  if (plan.architecture != Architecture::prefork) return page;
  const Duration opening = plan.handshake * target.pace / 100 + (plan.https ? 2 : 1) * round_trip;
  return page + round_trip + opening / (plan.keep_alive_max + 1);
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
    if (arrival.group) {
      groups[*arrival.group].serve(arrival);
      continue;
    }
    uint64_t place = turn++ % weights;
    size_t group = 0;
    while (place >= scenario.groups[group].weight) place -= scenario.groups[group++].weight;
    groups[group].serve(arrival);
  }
  return bound;
}

}  // namespace daruma::sim::incident
