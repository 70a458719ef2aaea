// SPDX-License-Identifier: Apache-2.0
//
// One condition of a rule, ready to be asked (elbv2 RuleCondition: its values are alternatives).
// Immutable, thread-safe, pure; allocates nothing but what Regex does.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "model/rule.h"
#include "routing/glob.h"
#include "routing/match_input.h"
#include "routing/regex.h"

namespace daruma::routing {

class Condition {
 public:
  // REQUIRES: values that control/validate_conditions has seen; so its expressions compile.
  explicit Condition(const model::Condition& condition);
  bool holds(const MatchInput& input) const { return test_holds(input) != negate_; }

 private:
  struct Texts {
    std::vector<Glob> globs;
    std::vector<Regex> regexes;
    bool hold(std::string_view subject) const;
  };
  struct Host {
    Texts texts;
  };
  struct Path {
    Texts texts;
  };
  struct Header {
    std::string name;
    Texts texts;
  };
  struct Method {
    std::vector<std::string> values;
  };
  struct Pair {
    std::optional<Glob> key;
    Glob value;
  };
  struct Query {
    std::vector<Pair> pairs;
  };
  struct Source {
    std::vector<CidrRange> ranges;
  };
  using Test = std::variant<Host, Path, Header, Method, Query, Source>;
  class Maker;
  class Asker;

  bool test_holds(const MatchInput& input) const;

  Test test_;
  bool negate_;
};

}  // namespace daruma::routing
