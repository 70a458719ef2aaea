// SPDX-License-Identifier: Apache-2.0
//
// What the console is sent as it happens: what is configured (event `config`), and how it stands
// (event `state`). docs/console.md describes the members. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "console/figures.h"
#include "control/admin_pages.h"
#include "control/advice.h"
#include "control/controller.h"
#include "notify/alarm_book.h"

namespace daruma::console {

// The groups that each load balancer forwards to, ascending; both by their place in the snapshot.
using GroupsOf = std::vector<std::vector<uint32_t>>;
GroupsOf groups_of(const model::Snapshot& snapshot);

std::string config_json(const control::Controller& controller, const GroupsOf& groups,
                        const std::string& version);

struct StateParts {
  const control::Controller& controller;
  const GroupsOf& groups;
  const Figures& figures;
  const std::vector<control::Advice>& advice;
  const notify::AlarmBook& alarms;
  const control::AdminBackend::Health& health;
  WallTime started;
  WallTime now;
};
std::string state_json(const StateParts& parts);

}  // namespace daruma::console
