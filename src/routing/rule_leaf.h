// SPDX-License-Identifier: Apache-2.0
//
// Rules that have been found under one place and may still ask for more: the first (lowest) of them
// whose remaining conditions hold. A few are tried one after the other; many are filed once more,
// by one of their remaining conditions each (routing/field_index.h). Immutable, thread-safe, pure;
// allocates nothing but what regular expressions do.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/rule.h"
#include "routing/match_input.h"

namespace daruma::routing {

// While rules are being filed.
struct PendingRule {
  uint32_t rule;
  std::vector<const model::Condition*> left;  // what must hold besides what it is filed under
};

class RuleLeaf {
 public:
  // REQUIRES: in ascending order; one that stands there twice is as good as once.
  explicit RuleLeaf(std::vector<PendingRule> rules);
  RuleLeaf(RuleLeaf&&) noexcept;
  RuleLeaf& operator=(RuleLeaf&&) noexcept;
  ~RuleLeaf();

  uint32_t least_rule() const { return least_rule_; }  // UINT32_MAX if there is none
  // Its least rule asks for nothing more: there is no more to know of it.
  bool settled() const { return more_ == nullptr; }
  // Lowers `best` to the first rule that takes the request, if that is below it.
  void take_best(const MatchInput& input, uint32_t& best) const {
    if (least_rule_ >= best) return;
    if (more_ != nullptr) return take_best_of_more(input, best);
    best = least_rule_;
  }

 private:
  struct More;
  void take_best_of_more(const MatchInput& input, uint32_t& best) const;

  uint32_t least_rule_ = UINT32_MAX;
  std::unique_ptr<const More> more_;  // null: the first rule asks for nothing more
};

}  // namespace daruma::routing
