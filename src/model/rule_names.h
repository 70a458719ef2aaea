// SPDX-License-Identifier: Apache-2.0
//
// What requests that meet a listener's rules are counted under, in the rules' order. Values.
#pragma once

#include <string>
#include <vector>

namespace daruma::model {

struct RuleName {
  std::string arn;
  int priority = 0;  // 0: the default rule
  bool operator==(const RuleName&) const = default;
};
using RuleNames = std::vector<RuleName>;

}  // namespace daruma::model
