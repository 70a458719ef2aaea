// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at one rule's conditions (elbv2 RuleCondition; "Condition types
// for listener rules" in the ALB user guide), and what they compile to. Pure.
#pragma once

#include "control/issues.h"
#include "control/quotas.h"
#include "model/resources.h"
#include "model/rule.h"

namespace daruma::control {

void validate_conditions(const model::api::Rule& rule, const Quotas& quotas, const Path& path,
                         Issues& issues);

// REQUIRES: a validated condition.
model::Condition compile_condition(const model::api::RuleCondition& from);

}  // namespace daruma::control
