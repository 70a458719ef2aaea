// SPDX-License-Identifier: Apache-2.0
//
// Keys for cookies as a text file holds them: one a line, 64 hexadecimal digits, the one that seals
// first; lines that begin with '#' and empty ones say nothing. `openssl rand -hex 32` makes such a
// line. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace daruma::control {

// One or two keys of tls::cookie_key_bytes. The error names the line, and never what it holds.
Result<std::vector<std::string>> parse_cookie_keys(std::string_view text);
// A key's line, without its end.
std::string cookie_key_line(std::string_view key);

}  // namespace daruma::control
