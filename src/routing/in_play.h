// SPDX-License-Identifier: Apache-2.0
//
// Which targets of a group a node may use at all, whatever their health: by zone (AWS: cross-zone
// load balancing, zonal shift). Pure.
#pragma once

#include <string_view>
#include <vector>

#include "model/target.h"

namespace daruma::routing {

// One entry per target of the group, in its order.
//
// With cross-zone load balancing switched off, the targets of the node's own zone, and those that
// belong to none or to "all". With it, those of every zone.
std::vector<bool> targets_in_play(const model::TargetGroup& group, std::string_view node_zone);

// The target's own zone, or none: "" and "all" mean the same.
bool belongs_to_every_zone(const model::Target& target);

// Those of a zone that traffic was shifted away from, in the same order; whether they are kept out
// is a matter of the others' health (TargetSet). None where the node leaves DNS instead.
std::vector<bool> targets_of_shifted_zone(const model::TargetGroup& group);

}  // namespace daruma::routing
