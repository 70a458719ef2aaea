// SPDX-License-Identifier: Apache-2.0
//
// Rules by the pairs of a request's query string. A pair of patterns is filed under its key or
// under its value, whichever fewer others share. Immutable, thread-safe, pure; allocates nothing
// while matching.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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
  // What is found by one half of a pair.
  struct Entry {
    std::optional<Glob> other_half;  // must match too
    RuleLeaf leaf;
  };
  struct Side {
    std::optional<GlobIndex> globs;
    std::vector<Entry> entries;  // as globs counts them
  };
  enum class Half : uint8_t { key, value };
  // REQUIRES: each has that half. Takes their rules.
  Side side_of(Half half, std::span<Item* const> items);

  uint32_t least_rule_ = UINT32_MAX;
  Side by_key_;
  Side by_value_;
};

}  // namespace daruma::routing
