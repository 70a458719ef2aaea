// SPDX-License-Identifier: Apache-2.0
//
// A rule's condition in words, and what of a request it looks at. Pure.
#pragma once

#include <string>

#include "model/rule.h"
#include "routing/match_input.h"

namespace daruma::console {

// "path-pattern is /api/* or /v2/*", "http-header Accept is not *json*"
std::string text_of(const model::Condition& condition);
// Several fields of one name are joined by ", "; "" if there is none.
std::string value_of(const model::Condition& condition, const routing::MatchInput& input);

}  // namespace daruma::console
