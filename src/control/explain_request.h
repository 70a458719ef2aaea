// SPDX-License-Identifier: Apache-2.0
//
// What GET /explain asks for. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/story.h"

namespace daruma::control {

enum class ExplainFormat : uint8_t { json, text };

struct ExplainRequest {
  model::StoryQuery query;
  ExplainFormat format = ExplainFormat::json;
};

// One of trace_id=…, last_errors=N and target=…; and format=text for people. Or what is wrong.
Result<ExplainRequest> parse_explain_request(std::string_view query);

}  // namespace daruma::control
