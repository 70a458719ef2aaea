// SPDX-License-Identifier: Apache-2.0
//
// Base64. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace daruma {

// RFC 4648 4, padded.
std::string base64(std::string_view bytes);
// Line breaks are skipped. Fails on what base64() would not write, and on nothing at all.
Result<std::string> base64_decoded(std::string_view text);

// For URLs, without padding (RFC 4648 5): what it makes is the same after URL encoding, and may
// stand in a cookie. Appends the text of these bytes.
void append_base64url(std::string_view bytes, std::string& text);
// Appends the bytes of this text. False, and `bytes` as it was, unless append_base64url() would
// write it just so.
bool append_from_base64url(std::string_view text, std::string& bytes);

}  // namespace daruma
