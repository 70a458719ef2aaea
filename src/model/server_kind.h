// SPDX-License-Identifier: Apache-2.0
//
// Which server a target is, as far as it says so: advice speaks in its directives. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace daruma::model {

enum class ServerKind : uint8_t { unknown, apache, nginx, other };

// Of a Server field (RFC 9110 10.2.4): "Apache/2.4.57 (Debian)".
ServerKind server_kind_of(std::string_view server);

}  // namespace daruma::model
