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
#include "model/rule_names.h"
#include "routing/match_input.h"

namespace daruma::routing {

class RuleTable {
 public:
  // `rules` are in order of priority, the default rule (no conditions) last. The table keeps
  // indices, not rules. REQUIRES: !rules.empty(), rules.back().conditions.empty(), and condition
  // values as control/validate_conditions wants them. `names`, which the table only carries, are as
  // many; without them the rules have none.
  using Names = std::shared_ptr<const model::RuleNames>;
  static std::shared_ptr<const RuleTable> compile(std::span<const model::Rule> rules,
                                                  Names names = nullptr);
  // What is compiled is shared; the rules have other names.
  std::shared_ptr<const RuleTable> named(Names names) const;
  ~RuleTable();

  // Index into `rules`. Always finds one: the default rule has no conditions.
  uint32_t match(const MatchInput& input) const;
  const Names& names() const { return names_; }  // never null
  // Whether they share what is compiled.
  bool compiled_with(const RuleTable& other) const {
    return implementation_ == other.implementation_;
  }

 private:
  RuleTable();
  struct Implementation;
  std::shared_ptr<const Implementation> implementation_;
  Names names_;
};

}  // namespace daruma::routing
