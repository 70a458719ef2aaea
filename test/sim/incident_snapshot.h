// SPDX-License-Identifier: Apache-2.0
//
// The configuration that a scenario's node serves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "model/snapshot.h"
#include "sim/incident_scenario.h"

namespace daruma::sim::incident {

inline constexpr const char* node_address = "10.1.0.1";
inline constexpr uint16_t node_port = 8080;

Address address_of_target(size_t index);
// Revision 1 has every second target, revision 2 has all: who registers targets one after another
// has them probed out of step.
model::SnapshotRef compile(const Scenario& scenario, uint64_t revision);
model::TargetKey key_of_target(size_t group, size_t index);

// Of an access-log line (there are some where there are several groups): which attempt went to
// which group. Nullopt if none was chosen.
struct Drawn {
  uint64_t attempt = 0;
  size_t group = 0;
};
std::optional<Drawn> drawn_of(std::string_view log_line);

}  // namespace daruma::sim::incident
