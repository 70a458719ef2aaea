// SPDX-License-Identifier: Apache-2.0
//
// One condition of a rule, ready to be asked (elbv2 RuleCondition: its values are alternatives).
// Immutable, thread-safe, pure.
#pragma once

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
  enum class Field : uint8_t { host_header, path_pattern };
  Field field_;
  std::vector<Glob> values_;
};

}  // namespace daruma::routing
