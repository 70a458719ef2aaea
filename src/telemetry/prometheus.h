// SPDX-License-Identifier: Apache-2.0
//
// Prometheus text exposition (format 0.0.4). One pass over the registry per scrape, on the thread
// that asks; workers notice nothing. Label values come from configuration and closed lists, never
// from a request, so their number is bounded by the configuration.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/registry.h"

namespace daruma::telemetry {

inline constexpr std::string_view prometheus_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

enum class MetricKind : uint8_t { counter, gauge };

// A metric that is not counted by workers, with all its samples; see node_status.h.
struct MetricFamily {
  struct Sample {
    std::vector<std::pair<std::string_view, std::string>> labels;  // names are ours, in one order
    double value = 0;
  };
  std::string name;
  MetricKind kind = MetricKind::gauge;
  std::string meaning;
  std::vector<Sample> samples;
};

// All metrics: the registry's, summed over workers where the labels name none, then `more` in its
// order. A family without samples is left out.
std::string prometheus_text(const Registry& registry, std::span<const MetricFamily> more);

}  // namespace daruma::telemetry
