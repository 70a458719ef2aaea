// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 (RFC 3629). Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace daruma {

// Length of the sequence that `bytes` begins with; 0 if it is none. REQUIRES: !bytes.empty().
size_t utf8_length(std::string_view bytes);

// How many characters (code points); each byte that belongs to none counts as one.
size_t utf8_count(std::string_view text);

}  // namespace daruma
