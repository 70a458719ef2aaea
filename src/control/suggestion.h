// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean …": the known word nearest to a mistyped one. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace daruma::control {

// "" if no candidate is near enough to be what was meant. Case counts little.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "; did you mean Port?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

// "'a', 'b' or 'c'"
std::string one_of(std::span<const std::string_view> words);

}  // namespace daruma::control
