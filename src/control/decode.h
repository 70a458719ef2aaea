// SPDX-License-Identifier: Apache-2.0
//
// The shapes of daruma.yaml: tree → resources. Only kinds and keys are checked here; what values
// may be is validate()'s.
#pragma once

#include "control/members.h"
#include "control/yaml_tree.h"
#include "model/resources.h"

namespace daruma::control {

// The member of the mapping Certificates that has the list. Paths say Certificates[i] for its
// items.
inline constexpr std::string_view certificate_files_key = "Files";

model::api::Resources decode(const YamlNode& root, DecodeProblems& problems);

}  // namespace daruma::control
