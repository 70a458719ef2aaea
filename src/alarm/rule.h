// SPDX-License-Identifier: Apache-2.0
//
// The rule of a composite alarm (PutCompositeAlarm, AlarmRule): ALARM("name"), OK(…),
// INSUFFICIENT_DATA(…), TRUE, FALSE, joined by AND, OR, NOT and parentheses; NOT binds strongest,
// OR weakest. An alarm is named by its name or its ARN, with quotes or without. Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/alarm.h"
#include "base/result.h"

namespace daruma::alarm {

class Rule {
 public:
  static constexpr size_t bytes_max = 10'240;
  static constexpr size_t alarms_max = 100;  // that it names
  static constexpr int depth_max = 100;

  // Fails with what is wrong and where: "at 12: …", counted from 1.
  static Result<Rule> parse(std::string_view text);

  // The names, each once, in their order.
  const std::vector<std::string>& alarms() const { return alarms_; }
  // `state_of` a name: nullopt if there is no such alarm; then it is in no state at all.
  using StateOf = std::function<std::optional<State>(const std::string&)>;
  bool holds(const StateOf& state_of) const;

 private:
  friend class RuleParser;
  struct Node;
  std::shared_ptr<const Node> root_;
  std::vector<std::string> alarms_;
};

}  // namespace daruma::alarm
