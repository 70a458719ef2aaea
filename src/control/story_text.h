// SPDX-License-Identifier: Apache-2.0
//
// Stories for people and, as JSON, for programs: the answers of GET /explain. Pure.
#pragma once

#include <string>

#include "control/inquiries.h"
#include "model/story.h"

namespace daruma::control {

// Both tell which workers did not answer, and, where nothing was found, how long stories are kept.
std::string text_of(const Findings& findings);
std::string json_of(const Findings& findings);

std::string text_of(const model::Story& story);

}  // namespace daruma::control
