// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at who may use the API, Admin.AccessKeys, Admin.Users and
// Admin.Authentication, and whom it asks itself, Admin.Ec2. Pure.
#pragma once

#include <cstddef>

#include "control/issues.h"
#include "model/resources.h"

namespace daruma::control {

inline constexpr size_t users_max = 100;
inline constexpr size_t user_name_bytes_max = 64;

void validate_access(const model::api::Admin& admin, const Path& path, Issues& issues);

}  // namespace daruma::control
