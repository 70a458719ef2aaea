// SPDX-License-Identifier: Apache-2.0
//
// What was changed between two configurations, told in a few lines for people: load balancers,
// listeners, rules, target groups and targets by name. Pure.
#pragma once

#include <string>

#include "model/snapshot.h"

namespace daruma::control {

// "" if what differs is nobody's doing, such as a target's name that has another address now. No
// more than lines_max lines, of which the last then counts the others.
inline constexpr size_t change_lines_max = 20;
std::string change_between(const model::Snapshot& before, const model::Snapshot& after);

}  // namespace daruma::control
