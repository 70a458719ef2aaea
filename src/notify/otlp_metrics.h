// SPDX-License-Identifier: Apache-2.0
//
// Metrics in OTLP's JSON encoding (opentelemetry.io, "OTLP Specification"; metrics.proto): what
// GET /metrics says, so that both always have the same. Counters are cumulative monotonic sums,
// from the start of the process on. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/time.h"

namespace daruma::notify {

// What is said of the sender: "service.name" and the like.
using OtlpResource = std::map<std::string, std::string>;

// The body of a POST to /v1/metrics. `text`: telemetry::prometheus_text(). Lines that are none of
// its form are left out.
std::string otlp_metrics(std::string_view text, WallTime start, WallTime now,
                         const OtlpResource& resource);

}  // namespace daruma::notify
