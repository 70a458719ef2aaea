// SPDX-License-Identifier: Apache-2.0
//
// Rules by the pairs of a request's query string. A pair of patterns is filed under its key or
// under its value, whichever fewer others share. Immutable, thread-safe, pure; allocates nothing
// while matching.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/rule.h"
#include "routing/glob_index.h"
#include "routing/match_input.h"
#include "routing/rule_leaf.h"

namespace daruma::routing {

class QueryIndex {
 public:
  struct Item {
    model::QueryStringCondition::Pair pair;
    std::vector<PendingRule> rules;
  };
  // More items than that are not worth their look-up: Visited is bounded.
  static constexpr size_t items_max = 32 * 1024;
  // REQUIRES: items.size() <= items_max, none without rules.
  explicit QueryIndex(std::vector<Item> items);

  uint32_t least_rule() const { return least_rule_; }
  void take_best(const MatchInput& input, uint32_t& best) const;

 private:
  struct Entry {
    std::optional<Glob> key;
    Glob value;
    RuleLeaf leaf;
  };
  struct Side {
    std::optional<GlobIndex> globs;
    std::vector<uint32_t> entries;  // as globs counts them
  };

  uint32_t least_rule_ = UINT32_MAX;
  std::vector<Entry> entries_;
  Side by_key_;
  Side by_value_;
};

}  // namespace daruma::routing
