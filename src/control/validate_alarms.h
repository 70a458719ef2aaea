// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at who is told of alarms. Pure.
#pragma once

#include "control/issues.h"
#include "model/resources.h"

namespace daruma::control {

void validate_alarms(const model::api::Alarms& alarms, const Path& path, Issues& issues);

}  // namespace daruma::control
