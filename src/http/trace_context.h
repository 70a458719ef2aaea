// SPDX-License-Identifier: Apache-2.0
//
// The traceparent field of W3C Trace Context (level 1, section 3.2). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace daruma::http {

inline constexpr std::string_view traceparent_field = "traceparent";
inline constexpr std::string_view tracestate_field = "tracestate";

// The trace that a request brings, if it can be gone on with: its one traceparent field,
// well-formed; else "".
std::string_view trace_of(const Fields& request);
inline bool has_trace(const Fields& request) {
  return !trace_of(request).empty();
}

// Fills `text` with a traceparent that begins a trace. Its trace id is the X-Amzn-Trace-Id's
// ("1-{8 hex}-{24 hex}", as make_trace_root() gives it), so that both name the same.
// REQUIRES: parent != 0.
void begin_trace(std::string_view root, uint64_t parent, bool sampled, std::string& text);

}  // namespace daruma::http
