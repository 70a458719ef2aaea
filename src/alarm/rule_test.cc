// SPDX-License-Identifier: Apache-2.0
#include "alarm/rule.h"

#include <gtest/gtest.h>

#include <map>

namespace daruma::alarm {
namespace {

std::optional<State> state_of(const std::string& name) {
  static const std::map<std::string, State> states{{"bad", State::alarm},
                                                   {"good", State::ok},
                                                   {"odd (one)", State::ok},
                                                   {"unknown", State::insufficient_data}};
  const auto found = states.find(name);
  return found == states.end() ? std::nullopt : std::optional(found->second);
}

TEST(Rule, holds_as_written) {
  const std::pair<const char*, bool> rules[] = {
      {"ALARM(bad)", true},
      {"ALARM(good)", false},
      {"ALARM(\"bad\")", true},
      {"ALARM('bad')", true},
      {"ALARM( bad )", true},
      {"OK(\"odd (one)\")", true},
      {"ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:bad)", true},
      {"INSUFFICIENT_DATA(unknown)", true},
      {"NOT ALARM(bad)", false},
      {"NOT NOT ALARM(bad)", true},
      {"ALARM(bad) AND OK(good)", true},
      {"ALARM(bad) AND ALARM(good)", false},
      {"ALARM(good) OR ALARM(bad)", true},
      // NOT before AND before OR.
      {"TRUE OR FALSE AND FALSE", true},
      {"(TRUE OR FALSE) AND FALSE", false},
      {"NOT FALSE AND FALSE", false},
      {"NOT (FALSE AND FALSE)", true},
      {"ALARM(bad)\n\tAND\n(OK(good) OR FALSE)", true},
      {"TRUE", true},
      {"FALSE", false},
      // An alarm that is not there is in no state.
      {"ALARM(gone) OR OK(gone) OR INSUFFICIENT_DATA(gone)", false},
  };
  for (const auto& [text, expected] : rules) {
    const auto rule = Rule::parse(text);
    ASSERT_TRUE(rule.has_value()) << text << ": " << rule.error().message;
    EXPECT_EQ(rule->holds(state_of), expected) << text;
  }
}

TEST(Rule, says_where_it_is_wrong) {
  const std::pair<const char*, const char*> rules[] = {
      {"", "at 1: expected ALARM(…)"},
      {"ALARM(bad", "at 10: expected ')'"},
      {"ALARM()", "at 7: expected the name of an alarm"},
      {"ALARM(bad) ORDER", "at 12: expected AND, OR or the end"},
      {"ALARM(bad) AND", "at 15: expected ALARM(…)"},
      {"ALARM(\"bad)", "at 12: expected '\"'"},
      {"(TRUE", "at 6: expected ')'"},
      {"alarm(bad)", "at 1: expected ALARM(…)"},
  };
  for (const auto& [text, problem] : rules) {
    const auto rule = Rule::parse(text);
    ASSERT_FALSE(rule.has_value()) << text;
    EXPECT_NE(rule.error().message.find(problem), std::string::npos) << rule.error().message;
  }
}

TEST(Rule, is_bounded) {
  EXPECT_FALSE(Rule::parse(std::string(200, '(') + "TRUE" + std::string(200, ')')));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "NOT ";
  EXPECT_FALSE(Rule::parse(deep + "TRUE"));
  std::string many = "ALARM(a0)";
  for (int i = 1; i <= 100; ++i) many += " OR ALARM(a" + std::to_string(i) + ")";
  EXPECT_FALSE(Rule::parse(many));
  EXPECT_FALSE(Rule::parse(std::string(20'000, ' ') + "TRUE"));
}

TEST(Rule, names_its_alarms_once) {
  const auto rule = Rule::parse("ALARM(b) AND (OK(a) OR ALARM(b))");
  ASSERT_TRUE(rule.has_value());
  EXPECT_EQ(rule->alarms(), (std::vector<std::string>{"b", "a"}));
}

}  // namespace
}  // namespace daruma::alarm
