// SPDX-License-Identifier: Apache-2.0
#include "control/metrics_keeper.h"

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace daruma::control {
namespace {

void add_users(const model::LoadBalancer& balancer, std::vector<std::set<std::string>>& users) {
  for (const model::Listener& listener : balancer.listeners) {
    for (const model::Rule& rule : listener.rules) {
      const auto* forward = std::get_if<model::ForwardAction>(&rule.action);
      if (forward == nullptr) continue;
      for (const model::WeightedGroup& group : forward->groups)
        users[group.group].insert(balancer.resource_id);
    }
  }
}

}  // namespace

metrics::Topology topology_of(const model::Snapshot& snapshot) {
  metrics::Topology topology;
  std::vector<std::set<std::string>> users(snapshot.target_groups.size());
  for (const model::LoadBalancer& balancer : snapshot.load_balancers) {
    topology.load_balancers[balancer.name] = balancer.resource_id;
    add_users(balancer, users);
  }
  for (size_t i = 0; i < users.size(); ++i) {
    const model::TargetGroup& group = snapshot.target_groups[i];
    topology.groups[group.name] = {group.resource_id,
                                   users[i].size() == 1 ? *users[i].begin() : ""};
  }
  return topology;
}

MetricsKeeper::MetricsKeeper(const MetricsKeeperContext& context)
    : context_(context),
      collector_(context.registry, context.series),
      timer_(context.loop.timers(), *this) {
  set_timer();
}

void MetricsKeeper::collect() {
  const model::Snapshot& snapshot = *context_.controller.snapshot();
  if (snapshot.revision != topology_revision_) {
    topology_ = topology_of(snapshot);
    topology_revision_ = snapshot.revision;
  }
  const telemetry::NodeStatus status = context_.backend.status();
  collector_.collect({status, topology_}, context_.loop.wall_now());
}

// The wall clock may be set while the timer runs: then the next turn comes sooner or later once.
void MetricsKeeper::set_timer() {
  const auto since = context_.loop.wall_now().time_since_epoch() % metrics::Collector::every;
  timer_.set(context_.loop.now() + (metrics::Collector::every - since));
}

void MetricsKeeper::on_timer(io::Timer&) {
  collect();
  set_timer();
}

}  // namespace daruma::control
