// SPDX-License-Identifier: Apache-2.0
//
// Sticky sessions as attributes of a target group and as TargetGroupStickinessConfig of a forward
// action: what goes together, by AWS's rules ("Sticky sessions for your Application Load Balancer",
// "Edit target group attributes"). Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/issues.h"
#include "model/resources.h"
#include "model/stickiness.h"

namespace daruma::control {

// What the attributes say together.
void validate_stickiness(const model::api::TargetGroup& group, const Path& path, Issues& issues);
// REQUIRES: a validated group. Without its places.
model::Stickiness compile_stickiness(const model::api::TargetGroup& group);

// The groups that actions may name, with what each one's stickiness asks of an action.
class StickyGroups {
 public:
  void add(const model::api::TargetGroup& group);
  void validate(const std::vector<model::api::Action>& actions, const Path& parent,
                std::string_view member, Issues& issues) const;

 private:
  void validate(const model::api::Action& action, const Path& config, Issues& issues) const;

  std::map<std::string, model::StickinessType, std::less<>> types_;  // of those that are sticky
};

}  // namespace daruma::control
