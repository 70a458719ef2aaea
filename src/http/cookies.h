// SPDX-License-Identifier: Apache-2.0
//
// Names and values of cookies (RFC 6265 4.1.1, 4.2.1). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace daruma::http {

// The first cookie of this name that the request brings; the one whose path fits best comes first
// (RFC 6265 5.4). Names are compared with their case. The view lives as long as the fields' text.
std::optional<std::string_view> find_cookie(const Fields& request, std::string_view name);

// Whether a response sets a cookie of this name.
bool sets_cookie(const Fields& response, std::string_view name);

}  // namespace daruma::http
