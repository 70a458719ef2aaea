// SPDX-License-Identifier: Apache-2.0
#include "routing/rule_leaf.h"

#include <algorithm>
#include <utility>

#include "routing/condition.h"
#include "routing/field_index.h"

namespace daruma::routing {
namespace {

// Up to this many are tried one after the other: that is quicker than looking anything up.
constexpr size_t scan_max = 4;

// Nothing behind a rule that asks for nothing more is ever reached.
void drop_unreachable(std::vector<PendingRule>& rules) {
  const auto last = std::ranges::find_if(rules, [](const auto& rule) { return rule.left.empty(); });
  if (last != rules.end()) rules.erase(last + 1, rules.end());
}

}  // namespace

struct RuleLeaf::More {
  struct Candidate {
    uint32_t rule;
    std::vector<Condition> rest;
  };
  std::vector<Candidate> scanned;  // ascending
  std::unique_ptr<const FieldIndex> index;
};

RuleLeaf::RuleLeaf(std::vector<PendingRule> rules) {
  drop_unreachable(rules);
  if (rules.empty()) return;
  least_rule_ = rules.front().rule;
  if (rules.front().left.empty()) return;
  auto more = std::make_unique<More>();
  if (rules.size() > scan_max) more->index = FieldIndex::build(rules);
  for (const PendingRule& rule : rules) {
    More::Candidate& candidate = more->scanned.emplace_back();
    candidate.rule = rule.rule;
    for (const model::Condition* condition : rule.left) candidate.rest.emplace_back(*condition);
  }
  more_ = std::move(more);
}

RuleLeaf::RuleLeaf(RuleLeaf&&) noexcept = default;
RuleLeaf& RuleLeaf::operator=(RuleLeaf&&) noexcept = default;
RuleLeaf::~RuleLeaf() = default;

void RuleLeaf::take_best_of_more(const MatchInput& input, uint32_t& best) const {
  const auto holds = [&input](const Condition& condition) { return condition.holds(input); };
  for (const More::Candidate& candidate : more_->scanned) {
    if (candidate.rule >= best) break;
    if (!std::ranges::all_of(candidate.rest, holds)) continue;
    best = candidate.rule;
    break;
  }
  if (more_->index != nullptr) more_->index->take_best(input, best);
}

}  // namespace daruma::routing
