// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at one target group: protocol, health check, attributes and
// targets. Its name is validate()'s, which knows the others. Pure.
#pragma once

#include "control/issues.h"
#include "model/resources.h"

namespace daruma::control {

void validate_target_group(const model::api::TargetGroup& group, const Path& path, Issues& issues);

}  // namespace daruma::control
