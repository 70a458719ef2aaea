// SPDX-License-Identifier: Apache-2.0
//
// How a target group stands in each zone, by its thresholds (AWS, "Target group health"): whether
// its healthy targets are enough for routing to leave the others out, and for the zone's addresses
// to stay in DNS. Counted in each zone where cross-zone load balancing is off, else over all of
// them. Pure. Daruma answers no DNS: the state is told, for who does.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/snapshot.h"
#include "model/target.h"

namespace daruma::control {

struct ZoneHealth {
  std::string zone;
  uint64_t healthy = 0;  // of the targets that count for it
  uint64_t targets = 0;
  bool routing = false;  // enough of them for routing
  bool dns = false;      // and for DNS
  bool operator==(const ZoneHealth&) const = default;
};

using HealthOf = std::function<model::HealthState(const model::TargetKey&)>;

// The targets that a zonal shift keeps out now, in the group's order.
std::vector<bool> shifted_away(const model::TargetGroup& group, const HealthOf& health_of);

// By zone: those of the group's targets, or the node's if they have none.
std::vector<ZoneHealth> zone_health(const model::TargetGroup& group, const std::string& node_zone,
                                    const HealthOf& health_of);

// Whether this node's address should be in DNS for the load balancer: its zone was not shifted away
// from, and no group in use is short of healthy targets there (AWS: "DNS failover").
bool belongs_in_dns(const model::Snapshot& snapshot, const model::LoadBalancer& balancer,
                    const HealthOf& health_of);

// Whether some rule of it names the group: by its place in the snapshot.
bool forwards_to(const model::LoadBalancer& balancer, uint32_t group);

}  // namespace daruma::control
