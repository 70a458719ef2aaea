// SPDX-License-Identifier: Apache-2.0
#include "routing/condition.h"

#include <algorithm>
#include <variant>

namespace daruma::routing {

Condition::Condition(const model::Condition& condition) {
  const auto take = [this](Field field, const std::vector<std::string>& values, Case letters) {
    field_ = field;
    for (const std::string& value : values) values_.emplace_back(value, letters);
  };
  if (const auto* host = std::get_if<model::HostHeaderCondition>(&condition)) {
    take(Field::host_header, host->values, Case::insensitive);
  } else {
    take(Field::path_pattern, std::get<model::PathPatternCondition>(condition).values,
         Case::sensitive);
  }
}

bool Condition::holds(const MatchInput& input) const {
  const std::string_view subject = field_ == Field::host_header ? input.host : input.path;
  return std::any_of(values_.begin(), values_.end(),
                     [subject](const Glob& value) { return value.matches(subject); });
}

}  // namespace daruma::routing
