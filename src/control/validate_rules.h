// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at a listener's rules. Pure.
#pragma once

#include <vector>

#include "control/issues.h"
#include "control/validate_actions.h"
#include "model/resources.h"

namespace daruma::control {

// Priorities unique, conditions and actions of each.
void validate_rules(const std::vector<model::api::Rule>& rules, const Path& listener_path,
                    const ListenerView& listener, const NameSink& names, Issues& issues);

}  // namespace daruma::control
