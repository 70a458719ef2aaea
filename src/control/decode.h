// SPDX-License-Identifier: Apache-2.0
//
// The shapes of daruma.yaml: tree → resources. Only kinds and keys are checked here; what values
// may be is validate()'s.
#pragma once

#include "control/members.h"
#include "control/yaml_tree.h"
#include "model/resources.h"

namespace daruma::control {

model::api::Resources decode(const YamlNode& root, DecodeProblems& problems);

}  // namespace daruma::control
