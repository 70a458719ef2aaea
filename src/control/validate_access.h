// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at who may use the API: Admin.AccessKeys,
// Admin.Users and Admin.Authentication. Pure.
#pragma once

#include "control/issues.h"
#include "model/resources.h"

namespace daruma::control {

void validate_access(const model::api::Admin& admin, const Path& path, Issues& issues);

}  // namespace daruma::control
