// SPDX-License-Identifier: Apache-2.0
//
// One condition of a rule, ready to be asked (elbv2 RuleCondition: its values are alternatives).
// Immutable, thread-safe, pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "model/rule.h"
#include "routing/glob.h"
#include "routing/match_input.h"

namespace daruma::routing {

class Condition {
 public:
  explicit Condition(const model::Condition& condition);
  bool holds(const MatchInput& input) const;

 private:
  struct Pattern {
    std::string_view MatchInput::*subject;
    std::vector<Glob> values;
  };
  struct Method {
    std::vector<std::string> values;
  };
  using Test = std::variant<Pattern, Method>;
  class Maker;

  Test test_;
};

}  // namespace daruma::routing
