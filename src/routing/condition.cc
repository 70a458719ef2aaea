// SPDX-License-Identifier: Apache-2.0
#include "routing/condition.h"

#include <algorithm>

namespace daruma::routing {

class Condition::Maker {
 public:
  Test operator()(const model::HostHeaderCondition& host) const {
    return Pattern{&MatchInput::host, globs(host.values, Case::insensitive)};
  }
  Test operator()(const model::PathPatternCondition& path) const {
    return Pattern{&MatchInput::path, globs(path.values, Case::sensitive)};
  }
  Test operator()(const model::HttpRequestMethodCondition& method) const {
    return Method{method.values};
  }

 private:
  static std::vector<Glob> globs(const std::vector<std::string>& values, Case letters) {
    std::vector<Glob> globs;
    for (const std::string& value : values) globs.emplace_back(value, letters);
    return globs;
  }
};

Condition::Condition(const model::Condition& condition) : test_(std::visit(Maker(), condition)) {}

bool Condition::holds(const MatchInput& input) const {
  if (const auto* pattern = std::get_if<Pattern>(&test_)) {
    const std::string_view subject = input.*pattern->subject;
    return std::ranges::any_of(pattern->values,
                               [subject](const Glob& value) { return value.matches(subject); });
  }
  return std::ranges::find(std::get<Method>(test_).values, input.method) !=
         std::get<Method>(test_).values.end();
}

}  // namespace daruma::routing
