// SPDX-License-Identifier: Apache-2.0
//
// Lines of the access log as spans, in OTLP's JSON encoding (trace.proto), named by the semantic
// conventions of OpenTelemetry for HTTP: one of kind SERVER for the request, and below it one of
// kind CLIENT for the target that answered, or should have. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "notify/otlp_metrics.h"

namespace daruma::notify {

// Which traces are told of.
struct OtlpSampling {
  double ratio = 1;           // of traces, by their id, so that everybody chooses the same
  bool as_the_parent = true;  // one that was brought is told of if its sampled flag is set
};

// The spans of one request, as JSON objects; empty if its trace is not to be told of. `trace` as
// telemetry::LogLineObserver has it. Without one, the trace id is that of X-Amzn-Trace-Id.
std::vector<std::string> otlp_spans(std::string_view line, std::string_view trace,
                                    const OtlpSampling& sampling);

// The body of a POST to /v1/traces.
std::string otlp_traces(std::span<const std::string> spans, const OtlpResource& resource);

}  // namespace daruma::notify
