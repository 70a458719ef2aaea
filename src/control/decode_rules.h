// SPDX-License-Identifier: Apache-2.0
//
// The parts of decode() that read a rule's conditions and transforms (elbv2 RuleCondition,
// RuleTransform).
#pragma once

#include "control/members.h"
#include "model/resources.h"

namespace daruma::control {

void decode_condition(const YamlNode& node, const Path& path, model::api::RuleCondition& out,
                      DecodeProblems& problems);
void decode_transform(const YamlNode& node, const Path& path, model::api::RuleTransform& out,
                      DecodeProblems& problems);

}  // namespace daruma::control
