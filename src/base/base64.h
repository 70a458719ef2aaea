// SPDX-License-Identifier: Apache-2.0
//
// Base64 for URLs, without padding (RFC 4648 5): what it makes is the same after URL encoding, and
// may stand in a cookie. Pure.
#pragma once

#include <string>
#include <string_view>

namespace daruma {

// Appends the text of these bytes.
void append_base64url(std::string_view bytes, std::string& text);
// Appends the bytes of this text. False, and `bytes` as it was, unless append_base64url() would
// write it just so.
bool append_from_base64url(std::string_view text, std::string& bytes);

}  // namespace daruma
