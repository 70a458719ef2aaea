// SPDX-License-Identifier: Apache-2.0
//
// What a single value of a condition may look like ("Condition types for listener rules" in the ALB
// user guide). Each check returns what is wrong, or "". Pure.
#pragma once

#include <string>
#include <string_view>

namespace daruma::control {

std::string check_host_pattern(std::string_view value);
std::string check_path_pattern(std::string_view value);
std::string check_method(std::string_view value);

size_t wildcards_in(std::string_view value);

}  // namespace daruma::control
