// SPDX-License-Identifier: Apache-2.0
//
// What the file declares and what the API made, as one tree. Pure.
#pragma once

#include "model/resources.h"

namespace daruma::control {

// Those of the file first, so that its places in lists stay what they are.
model::api::Resources together(const model::api::Resources& declared,
                               const model::api::Resources& created);

}  // namespace daruma::control
