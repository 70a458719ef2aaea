// SPDX-License-Identifier: Apache-2.0
//
// A listener's rules compiled for look-up: the first (lowest priority number) rule whose conditions
// all hold. Cost does not grow with the number of rules: the host leads by hash to the few host
// patterns that match, each of those by hash of the path to its few path patterns, where many are
// left their other conditions lead on (routing/field_index.h), and only what is found there is
// verified (routing/glob_index.h says what cannot be found so). Immutable, shared by all workers;
// match() is const and thread-safe, and allocates nothing but what regular expressions do.
#pragma once

#include <memory>
#include <span>

#include "model/rule.h"
#include "routing/match_input.h"

namespace daruma::routing {

class RuleTable {
 public:
  // `rules` are in order of priority, the default rule (no conditions) last. The table keeps
  // indices, not rules. REQUIRES: !rules.empty(), rules.back().conditions.empty(), and condition
  // values as control/validate_conditions wants them.
  static std::shared_ptr<const RuleTable> compile(std::span<const model::Rule> rules);
  ~RuleTable();

  // Index into `rules`. Always finds one: the default rule has no conditions.
  uint32_t match(const MatchInput& input) const;

 private:
  RuleTable();
  struct Implementation;
  std::unique_ptr<const Implementation> implementation_;
};

}  // namespace daruma::routing
