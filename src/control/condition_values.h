// SPDX-License-Identifier: Apache-2.0
//
// What a single value of a condition may look like ("Condition types for listener rules" in the ALB
// user guide). Each check returns what is wrong, or "". Pure.
#pragma once

#include <string>
#include <string_view>

#include "routing/glob.h"

namespace daruma::control {

std::string check_host_pattern(std::string_view value);
std::string check_path_pattern(std::string_view value);
std::string check_header_name(std::string_view name);
std::string check_header_pattern(std::string_view value);
std::string check_method(std::string_view value);
std::string check_query_key(std::string_view key);
std::string check_query_value(std::string_view value);
std::string check_source_ip(std::string_view value);
std::string check_regex(std::string_view value);

size_t wildcards_in(std::string_view value, routing::Escapes escapes);

}  // namespace daruma::control
