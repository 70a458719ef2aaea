// SPDX-License-Identifier: Apache-2.0
//
// What a request is about, for the audit log: an ARN, an id, the name of what is to be, or several
// of them with a space between. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/cloudwatch_input.h"
#include "api/query_parameters.h"

namespace daruma::api {

inline constexpr size_t audited_resource_bytes_max = 1024;  // then no further one is added

// The narrowest thing that the members name; "" if there is none.
std::string resource_of(const Parameter& parameters);
std::string resource_of(const cloudwatch::Json& input);

// The ARN or id of what was made, out of the answer's elements; "" if the action makes nothing.
std::string created_resource(std::string_view action, std::string_view answer);

}  // namespace daruma::api
