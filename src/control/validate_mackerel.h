// SPDX-License-Identifier: Apache-2.0
//
// The part of validate() that looks at Mackerel. Pure.
#pragma once

#include <string_view>

#include "control/issues.h"
#include "model/resources.h"

namespace daruma::control {

inline constexpr std::string_view mackerel_url = "https://api.mackerelio.com";

void validate_mackerel(const model::api::Mackerel& mackerel, const Path& path, Issues& issues);

}  // namespace daruma::control
