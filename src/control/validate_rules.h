// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at rules: priorities, conditions and actions. Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "control/issues.h"
#include "control/validate.h"
#include "model/resources.h"

namespace daruma::control {

// Called for each target group that an action names, known or not.
using NameSink = std::function<void(const Path& where, const std::string& name)>;

struct ListenerView {
  bool https = false;
  int64_t port = 0;
};

// Exactly one action, and one that `listener` can have.
void validate_actions(const std::vector<model::api::Action>& actions, const Path& parent,
                      std::string_view member, const ListenerView& listener, const NameSink& names,
                      Issues& issues);

// Priorities unique, conditions and actions of each.
void validate_rules(const std::vector<model::api::Rule>& rules, const Path& listener_path,
                    const ListenerView& listener, const NameSink& names, Issues& issues);

}  // namespace daruma::control
