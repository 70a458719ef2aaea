// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions that are patterns with '*' and '?' in other words: "^/(a|b)/.*\.html$" is
// "/a/*.html" or "/b/*.html". As these they are found without RE2, and many rules are told apart by
// them as by any pattern. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/rule.h"

namespace daruma::routing {

// Patterns (Glob, Escapes::none) one of which matches exactly where the expression is found, for
// subjects without line feeds. Nullopt where there are no such patterns, or more than a few.
// REQUIRES: Regex::compile() takes the expression.
std::optional<std::vector<std::string>> globs_of(std::string_view regex);

// The condition with patterns instead of its regular expressions; nullopt if it has none, or if one
// of them is no pattern.
std::optional<model::Condition> in_patterns(const model::Condition& condition);

}  // namespace daruma::routing
