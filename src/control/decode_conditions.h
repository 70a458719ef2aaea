// SPDX-License-Identifier: Apache-2.0
//
// The part of decode() that reads one condition of a rule (elbv2 RuleCondition).
#pragma once

#include "control/members.h"
#include "model/resources.h"

namespace daruma::control {

void decode_condition(const YamlNode& node, const Path& path, model::api::RuleCondition& out,
                      DecodeProblems& problems);

}  // namespace daruma::control
