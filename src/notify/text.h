// SPDX-License-Identifier: Apache-2.0
//
// Texts as others take them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace daruma::notify {

// No more than so many characters of UTF-8; where something is cut off, it ends in "…". REQUIRES:
// characters_max > 0.
std::string shortened(std::string_view text, size_t characters_max);

}  // namespace daruma::notify
