// SPDX-License-Identifier: Apache-2.0
#include "metrics/expression.h"

#include <gtest/gtest.h>

namespace daruma::metrics {
namespace {

constexpr WallTime start{std::chrono::hours(480'000)};

Line line(std::string label, std::vector<std::pair<int, double>> values) {
  Line line{std::move(label), {}};
  for (const auto& [minute, value] : values) line.values[start + 60s * minute] = value;
  return line;
}

MathContext context() {
  MathContext context;
  context.values = {{"m1", line("m1", {{0, 2}, {1, 4}, {3, 8}})},
                    {"m2", line("m2", {{0, 1}, {1, 0}, {2, 5}})},
                    {"e1", 10.0}};
  context.metric_ids = {"m1", "m2"};
  context.from = start;
  context.to = start + 240s;
  context.search = [](const std::string& what, const std::string& statistic,
                      Seconds period) -> Result<Lines> {
    if (what != "{X} y") return fail("not found");
    return Lines{line(statistic, {{0, static_cast<double>(period.count())}})};
  };
  return context;
}

// Minute=value, of each series; or the number; or the error.
std::string text_of(std::string_view expression) {
  const auto value = evaluate(expression, context());
  if (!value) return value.error().message;
  if (const auto* number = std::get_if<double>(&*value)) return testing::PrintToString(*number);
  Lines lines;
  if (const auto* one = std::get_if<Line>(&*value)) {
    lines.push_back(*one);
  } else {
    lines = std::get<Lines>(*value);
  }
  std::string text;
  for (const Line& each : lines) {
    if (!text.empty()) text += "; ";
    for (const auto& [at, number] : each.values) {
      if (!text.empty() && !text.ends_with(' ')) text += ' ';
      text += testing::PrintToString((at - start) / 60s) + "=" + testing::PrintToString(number);
    }
  }
  return text;
}

TEST(Expression, computes) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"1 + 2 * 3 ^ 2 - -4", "23"},
      {"(1 + 2) * 3 / 2", "4.5"},
      {"m1", "0=2 1=4 3=8"},
      {"m1 / m2", "0=2"},
      {"100 * m1", "0=200 1=400 3=800"},
      {"-m1 + 1", "0=-1 1=-3 3=-7"},
      {"m1 > 2", "0=0 1=1 3=1"},
      {"m1 >= 2 AND m2 != 0", "0=1 1=0"},
      {"m1 == 2 || m2 == 0", "0=1 1=1"},
      {"SUM(m1)", "14"},
      {"m1 / SUM(m1) * 7", "0=1 1=2 3=4"},
      {"AVG([m1, m2])", "0=1.5 1=2 2=5 3=8"},
      {"SUM(METRICS())", "0=3 1=4 2=5 3=8"},
      {"MAX(METRICS(\"1\"))", "0=2 1=4 3=8"},
      {"MIN(m1) + MAX(m2) + e1", "17"},
      {"STDDEV([m1, m2])", "0=0.5 1=2 2=0 3=0"},
      {"FILL(m1, 0)", "0=2 1=4 2=0 3=8"},
      {"FILL(m1, REPEAT)", "0=2 1=4 2=4 3=8"},
      {"FILL(m1, LINEAR)", "0=2 1=4 2=6 3=8"},
      {"IF(m1 > 3, m1, 0)", "0=0 1=4 3=8"},
      {"IF(m2 > 0, m2)", "0=1 2=5"},
      {"IF(1 > 2, 3, 4)", "4"},
      {"RATE(m1) * 60", "1=2 3=2"},
      {"DIFF(m1)", "1=2 3=4"},
      {"RUNNING_SUM(m1)", "0=2 1=6 3=14"},
      {"ABS(m2 - m1)", "0=1 1=4"},
      {"CEIL(m1 / 3) + FLOOR(0.9)", "0=1 1=2 3=3"},
      {"PERIOD(m1)", "60"},
      {"DATAPOINT_COUNT(m1)", "3"},
      {"TIME_SERIES(1)", "0=1 1=1 2=1 3=1"},
      {"SEARCH('{X} y', 'Sum', 300)", "0=300"},
      {"METRICS() * 2", "0=4 1=8 3=16; 0=2 1=0 2=10"},
      {"e1 - METRICS('1')", "0=8 1=6 3=2"},
  };
  for (const auto& [expression, expected] : table)
    EXPECT_EQ(text_of(expression), expected) << expression;
}

TEST(Expression, says_what_is_wrong_and_where) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "the expression has its end at character 1"},
      {"m1 +", "the expression has its end at character 5"},
      {"m1 m2", "the expression has something else than the end at character 4"},
      {"(m1", "the expression has no ')' at character 4"},
      {"m9", "the expression names 'm9', which is no id of this request"},
      {"1.2.3", "the expression has no number at character 1"},
      {"SUM(m1, m2)", "SUM takes one argument"},
      {"TOP(m1)", "the function TOP is not in this release"},
      {"1 / 0", "the expression divides a number by zero"},
      {"METRICS() + METRICS()", "two lists of time series cannot be combined by an operator"},
      {"[1]", "a list holds time series only"},
      {"RATE(1)", "RATE takes a time series"},
      {"SEARCH('z', 'Sum', 60)", "SEARCH: not found"},
      {"'open", "the expression has what is no operand at character 1"},
      {"m1 # m2", "the expression has something else than the end at character 4"},
  };
  for (const auto& [expression, expected] : table)
    EXPECT_EQ(text_of(expression), expected) << expression;
  EXPECT_EQ(text_of(std::string(2000, '(')), "the expression is nested too deeply");
  EXPECT_EQ(text_of(std::string(3000, '1')), "the expression is over 2048 bytes");
  EXPECT_EQ(text_of(std::string(2000, '-') + "1"), "1");
}

TEST(Expression, tells_the_ids_that_it_needs) {
  EXPECT_EQ(ids_in("SUM([m1, m2]) / e1 + FILL(m1, REPEAT)"),
            (std::vector<std::string>{"m1", "m2", "e1", "m1"}));
}

}  // namespace
}  // namespace daruma::metrics
