// SPDX-License-Identifier: Apache-2.0
//
// Texts as parts of a URI (RFC 3986 2.1). Pure.
#pragma once

#include <string>
#include <string_view>

namespace daruma::http {

// Every byte but letters, digits and "-._~" as %XX (RFC 3986 2.3), as AWS's UriEncode.
std::string percent_encoded(std::string_view text);
// %XX decoded; a '%' that begins none stands for itself. '+' is no space.
std::string percent_decoded(std::string_view text);

}  // namespace daruma::http
