// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at actions (elbv2 Action; "Action types for listener rules" in
// the ALB user guide). Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/issues.h"
#include "control/quotas.h"
#include "model/resources.h"

namespace daruma::control {

// Called for each target group that an action names, known or not.
using NameSink = std::function<void(const Path& where, const std::string& name)>;

struct ListenerView {
  bool https = false;
  int64_t port = 0;
  Quotas quotas;
};

// Exactly one action, and one that `listener` can have. `member` is what the list is called.
void validate_actions(const std::vector<model::api::Action>& actions, const Path& parent,
                      std::string_view member, const ListenerView& listener, const NameSink& names,
                      Issues& issues);

}  // namespace daruma::control
