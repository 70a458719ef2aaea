// SPDX-License-Identifier: Apache-2.0
//
// Rules by ranges of addresses: one look-up by hash for each distinct length of a prefix, of which
// there are 162 at most. Immutable, thread-safe, pure; allocates nothing while matching.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/address.h"
#include "routing/match_input.h"
#include "routing/rule_leaf.h"

namespace daruma::routing {

class SourceIndex {
 public:
  using Item = std::pair<CidrRange, std::vector<PendingRule>>;
  // REQUIRES: distinct ranges, none without rules.
  explicit SourceIndex(std::vector<Item> items);

  uint32_t least_rule() const { return least_rule_; }
  void take_best(const MatchInput& input, uint32_t& best) const;

 private:
  struct Hash {
    size_t operator()(const CidrRange& range) const;
  };
  struct Length {
    Address::Family family;
    uint8_t prefix_bits;
    uint32_t least_rule;
  };
  void note_length(const CidrRange& range, uint32_t rule);

  uint32_t least_rule_ = UINT32_MAX;
  std::vector<Length> lengths_;
  std::unordered_map<CidrRange, RuleLeaf, Hash> leaves_;
};

}  // namespace daruma::routing
