// SPDX-License-Identifier: Apache-2.0
#include "control/balancing.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "control/attributes.h"

namespace daruma::control {
namespace {

namespace api = model::api;
using enum AttributeScope;
using std::string_view;

constexpr string_view algorithm_key = "load_balancing.algorithm.type";
constexpr string_view slow_start_key = "slow_start.duration_seconds";
constexpr string_view mitigation_key = "load_balancing.algorithm.anomaly_mitigation";

string_view text(const api::TargetGroup& group, string_view key) {
  return attribute_text(target_group, group.attributes, key);
}

// Of a value that may be wrong.
bool good(const api::TargetGroup& group, string_view key) {
  return !check_attribute(target_group, key, text(group, key));
}

model::Algorithm algorithm_of(string_view name) {
  using enum model::Algorithm;
  for (const model::Algorithm algorithm : {least_outstanding_requests, weighted_random}) {
    if (name_of(algorithm) == name) return algorithm;
  }
  return round_robin;
}

}  // namespace

void validate_balancing(const api::TargetGroup& group, const Path& path, Issues& issues) {
  const Path attributes = path.at("Attributes");
  if (!good(group, algorithm_key)) return;
  const string_view algorithm = text(group, algorithm_key);
  const auto needs = [&](string_view key, string_view needed, string_view off) {
    if (algorithm == needed || !good(group, key) || text(group, key) == off) return;
    issues.error(attributes.at(key),
                 fmt::format("'{}' goes with the algorithm {} only, not with {}; set it to {}, or "
                             "change '{}'",
                             key, needed, algorithm, off, algorithm_key));
  };
  needs(slow_start_key, "round_robin", "0");
  needs(mitigation_key, "weighted_random", "off");
}

model::Balancing balancing_of(const api::TargetGroup& group) {
  model::Balancing balancing;
  balancing.algorithm = algorithm_of(text(group, algorithm_key));
  balancing.anomaly_mitigation = text(group, mitigation_key) == "on";
  balancing.slow_start =
      std::chrono::seconds(attribute_number(target_group, group.attributes, slow_start_key));
  return balancing;
}

}  // namespace daruma::control
