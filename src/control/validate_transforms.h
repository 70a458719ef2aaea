// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at a rule's transforms (elbv2 RuleTransform; "Transforms for
// listener rules" in the ALB user guide), and what they compile to. Pure.
#pragma once

#include <memory>

#include "control/issues.h"
#include "model/resources.h"
#include "routing/transforms.h"

namespace daruma::control {

void validate_transforms(const model::api::Rule& rule, const Path& path, Issues& issues);

// Null if there is none. REQUIRES: validated transforms.
std::shared_ptr<const routing::Transforms> compile_transforms(
    const std::vector<model::api::RuleTransform>& transforms);

}  // namespace daruma::control
