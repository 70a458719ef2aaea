// SPDX-License-Identifier: Apache-2.0
//
// Many rules that host and path have not told apart, each filed under the values of that one of its
// remaining conditions which fewest others share: header values, query pairs, methods, source
// ranges, and regular expressions of any of them. What a request has of these is looked up; under
// what is found stands a RuleLeaf with the rules' other conditions. So a request costs what its own
// fields cost, not what there are rules. Immutable, thread-safe, pure; allocates nothing but what
// regular expressions do.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "routing/glob_index.h"
#include "routing/match_input.h"
#include "routing/query_index.h"
#include "routing/regex_index.h"
#include "routing/rule_leaf.h"
#include "routing/source_index.h"

namespace daruma::routing {

// Rules by what one text of a request is.
struct TextIndex {
  uint32_t least_rule = UINT32_MAX;
  bool settled = false;  // the least rule takes any text, and asks for nothing more
  std::unique_ptr<const GlobIndex> globs;     // null if there are none
  std::vector<RuleLeaf> glob_leaves;          // as globs counts them
  std::unique_ptr<const RegexIndex> regexes;  // null if there are none
  std::vector<RuleLeaf> regex_leaves;         // as regexes counts them

  void take_best(std::string_view subject, const MatchInput& input, uint32_t& best) const;
};

class FieldIndex {
 public:
  // Takes out of `rules` those that it files: the others have only conditions that are negated, or
  // that hold for nearly everything. REQUIRES: in ascending order.
  static std::unique_ptr<const FieldIndex> build(std::vector<PendingRule>& rules);

  // Lowers `best` to the first rule that takes the request, if that is below it.
  void take_best(const MatchInput& input, uint32_t& best) const;

 private:
  class Builder;
  FieldIndex() = default;
  void take_best_by_header(const MatchInput& input, uint32_t& best) const;

  struct Headers {
    uint32_t least_rule;
    GlobIndex names;
    std::vector<TextIndex> texts;  // as names counts them
  };
  // Null where no rule asks for it. Pointers, so that what is asked for takes one cache line: there
  // may be hundreds of these, one under each value that many rules share.
  std::unique_ptr<const TextIndex> hosts_;
  std::unique_ptr<const TextIndex> paths_;
  std::unique_ptr<const TextIndex> methods_;
  std::unique_ptr<const Headers> headers_;
  std::unique_ptr<const QueryIndex> queries_;
  std::unique_ptr<const SourceIndex> sources_;
};

}  // namespace daruma::routing
