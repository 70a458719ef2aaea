// SPDX-License-Identifier: Apache-2.0
#include "telemetry/rule_traffic.h"

#include <string_view>
#include <unordered_map>

namespace daruma::telemetry {

RuleTraffic RuleTraffic::of(const RuleCounters& block) {
  RuleTraffic traffic{block.names};
  traffic.requests.reserve(block.requests.size());
  for (const Counter& counter : block.requests) traffic.requests.push_back(counter.value());
  return traffic;
}

void RuleTraffic::add(const RuleTraffic& other) {
  if (!names || !other.names) return;
  if (names == other.names) {
    for (size_t i = 0; i < requests.size(); ++i) requests[i] += other.requests[i];
    return;
  }
  std::unordered_map<std::string_view, uint64_t> counted;
  for (size_t i = 0; i < other.requests.size(); ++i)
    counted.emplace((*other.names)[i].arn, other.requests[i]);
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto found = counted.find((*names)[i].arn);
    if (found != counted.end()) requests[i] += found->second;
  }
}

RuleTraffic RuleTraffic::under(const std::shared_ptr<const model::RuleNames>& other_names) const {
  RuleTraffic traffic{other_names, std::vector<uint64_t>(other_names ? other_names->size() : 0)};
  traffic.add(*this);
  return traffic;
}

}  // namespace daruma::telemetry
