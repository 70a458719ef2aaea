// SPDX-License-Identifier: Apache-2.0
//
// The console's page and what belongs to it, as the build put them into the program
// (console/assets.h). Nobody has to be logged in to see them: they say nothing of this node.
#pragma once

#include "console/assets.h"
#include "console/gate.h"

namespace daruma::console {

// "/console/" and "/console/NAME" for each.
void add_page_files(Gate& gate, std::span<const Asset> files);

}  // namespace daruma::console
