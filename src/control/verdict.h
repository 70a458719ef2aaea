// SPDX-License-Identifier: Apache-2.0
//
// What a request's story comes to, in a sentence or two: whose doing its end was, the evidence, and
// what to look at next. Pure.
#pragma once

#include <string>

#include "model/story.h"

namespace daruma::control {

std::string verdict_of(const model::Story& story);

// "412 µs", "3.2 ms", "1.50 s"; "-" for a negative one.
std::string text_of(Duration duration);

}  // namespace daruma::control
