// SPDX-License-Identifier: Apache-2.0
//
// Requests by rule: as a worker counts them, and added up over workers and over rules that came and
// went.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "model/rule_names.h"
#include "telemetry/counters.h"

namespace daruma::telemetry {

// Of one listener, in the order of the names. One writer, any reader, as of all counters.
struct RuleCounters {
  explicit RuleCounters(std::shared_ptr<const model::RuleNames> its_names)
      : names(std::move(its_names)), requests(names->size()) {}
  const std::shared_ptr<const model::RuleNames> names;  // never null
  std::vector<Counter> requests;
};

// A value.
struct RuleTraffic {
  std::shared_ptr<const model::RuleNames> names;  // null: no rules
  std::vector<uint64_t> requests{};               // in their order

  static RuleTraffic of(const RuleCounters& block);
  // What of `other` is of rules that are named here. Cheap where both have the same names.
  void add(const RuleTraffic& other);
  // The same counts by other names: rules that those lack are left out, those that are new have 0.
  RuleTraffic under(const std::shared_ptr<const model::RuleNames>& other_names) const;
};

}  // namespace daruma::telemetry
