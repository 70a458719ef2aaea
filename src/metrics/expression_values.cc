// SPDX-License-Identifier: Apache-2.0
#include "metrics/expression_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace daruma::metrics {
namespace {

using std::string_view;
using Values = std::map<WallTime, double>;

void put(Line& line, WallTime at, double value) {
  if (std::isfinite(value)) line.values[at] = value;
}

// One with one: at least one is a series.
Line combined_lines(const MathValue& left, const MathValue& right,
                    double (*compute)(double, double)) {
  Line out;
  const auto* a = std::get_if<Line>(&left);
  const auto* b = std::get_if<Line>(&right);
  if (a == nullptr) {
    out.label = b->label;
    for (const auto& [at, value] : b->values) put(out, at, compute(std::get<double>(left), value));
    return out;
  }
  out.label = a->label;
  for (const auto& [at, value] : a->values) {
    if (b == nullptr) {
      put(out, at, compute(value, std::get<double>(right)));
    } else if (const auto other = b->values.find(at); other != b->values.end()) {
      put(out, at, compute(value, other->second));
    }
  }
  return out;
}

Line filled_line(const Line& line, const Filling& filling) {
  Line out = line;
  for (WallTime at = filling.from; at < filling.to; at += filling.period) {
    if (line.values.contains(at)) continue;
    if (filling.how == Filling::How::value) {
      out.values[at] = filling.value;
      continue;
    }
    const auto after = line.values.upper_bound(at);
    if (after == line.values.begin()) continue;  // nothing before it to go on from
    const auto before = std::prev(after);
    if (filling.how == Filling::How::repeat) {
      out.values[at] = before->second;
    } else if (after != line.values.end()) {
      const double part = static_cast<double>((at - before->first).count()) /
                          static_cast<double>((after->first - before->first).count());
      out.values[at] = before->second + (after->second - before->second) * part;
    }
  }
  return out;
}

// ---- one number of many ----

using Numbers = std::vector<double>;

double sum_of(const Numbers& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number;
  return sum;
}
double average_of(const Numbers& numbers) {
  return sum_of(numbers) / static_cast<double>(numbers.size());
}
double deviation_of(const Numbers& numbers) {
  const double middle = average_of(numbers);
  double squares = 0;
  for (const double number : numbers) squares += (number - middle) * (number - middle);
  return std::sqrt(squares / static_cast<double>(numbers.size()));
}

struct Reduction {
  string_view name;
  double (*reduce)(const Numbers&);  // of one number at least
};
constexpr Reduction reductions[] = {
    {"SUM", sum_of},
    {"AVG", average_of},
    {"MIN", [](const Numbers& numbers) { return *std::ranges::min_element(numbers); }},
    {"MAX", [](const Numbers& numbers) { return *std::ranges::max_element(numbers); }},
    {"STDDEV", deviation_of}};

// A series becomes one number, a list of series one series.
Result<MathValue> reduced(const Reduction& reduction, const MathValue& value) {
  if (std::holds_alternative<double>(value)) return value;
  if (const auto* line = std::get_if<Line>(&value)) {
    Numbers numbers;
    for (const auto& [at, number] : line->values) numbers.push_back(number);
    return numbers.empty() ? 0.0 : reduction.reduce(numbers);
  }
  std::map<WallTime, Numbers> columns;
  for (const Line& line : std::get<Lines>(value)) {
    for (const auto& [at, number] : line.values) columns[at].push_back(number);
  }
  Line out;
  for (const auto& [at, numbers] : columns) put(out, at, reduction.reduce(numbers));
  return out;
}

// ---- one series of another ----

Line rate(const Line& line) {
  Line out{line.label, {}};
  for (auto now = line.values.begin(); now != line.values.end(); ++now) {
    if (now == line.values.begin()) continue;
    const auto before = std::prev(now);
    const double seconds = seconds_of(now->first - before->first);
    put(out, now->first, (now->second - before->second) / seconds);
  }
  return out;
}
Line difference(const Line& line) {
  Line out{line.label, {}};
  for (auto now = line.values.begin(); now != line.values.end(); ++now) {
    if (now != line.values.begin()) put(out, now->first, now->second - std::prev(now)->second);
  }
  return out;
}
Line running_sum(const Line& line) {
  Line out{line.label, {}};
  double sum = 0;
  for (const auto& [at, value] : line.values) put(out, at, sum += value);
  return out;
}

struct Transformation {
  string_view name;
  Line (*transform)(const Line&);
};
constexpr Transformation transformations[] = {
    {"RATE", rate}, {"DIFF", difference}, {"RUNNING_SUM", running_sum}};

struct Mapping {
  string_view name;
  double (*map)(double);
};
constexpr Mapping mappings[] = {{"ABS", [](double a) { return std::abs(a); }},
                                {"CEIL", [](double a) { return std::ceil(a); }},
                                {"FLOOR", [](double a) { return std::floor(a); }},
                                {"LOG", [](double a) { return std::log(a); }},
                                {"LOG10", [](double a) { return std::log10(a); }}};

MathValue transformed(const MathValue& value, Line (*transform)(const Line&)) {
  if (const auto* line = std::get_if<Line>(&value)) return transform(*line);
  Lines out;
  if (const auto* lines = std::get_if<Lines>(&value)) {
    for (const Line& line : *lines) out.push_back(transform(line));
  }
  return out;
}

// ---- IF ----

std::optional<double> at_time(const MathValue& value, WallTime at) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto* line = std::get_if<Line>(&value);
  const auto found = line->values.find(at);
  return found == line->values.end() ? std::nullopt : std::optional(found->second);
}

Result<MathValue> chosen(std::span<const MathValue> arguments) {
  if (std::ranges::any_of(arguments,
                          [](const auto& each) { return std::holds_alternative<Lines>(each); })) {
    return fail("IF takes numbers and single time series");
  }
  if (const auto* number = std::get_if<double>(&arguments[0])) {
    if (*number != 0) return arguments[1];
    return arguments.size() > 2 ? arguments[2] : MathValue(Line{});
  }
  const Line& condition = std::get<Line>(arguments[0]);
  Line out{condition.label, {}};
  for (const auto& [at, value] : condition.values) {
    if (value == 0 && arguments.size() < 3) continue;
    if (const auto taken = at_time(arguments[value != 0 ? 1 : 2], at)) put(out, at, *taken);
  }
  return out;
}

MathValue constant(double value, const MathContext& context) {
  Line out;
  for (WallTime at = context.from; at < context.to; at += context.period) put(out, at, value);
  return out;
}

}  // namespace

bool append(Lines& lines, const MathValue& value) {
  if (const auto* line = std::get_if<Line>(&value)) {
    lines.push_back(*line);
  } else if (const auto* more = std::get_if<Lines>(&value)) {
    lines.insert(lines.end(), more->begin(), more->end());
  } else {
    return false;
  }
  return true;
}

MathValue mapped(const MathValue& value, const std::function<double(double)>& f) {
  if (const auto* number = std::get_if<double>(&value)) return f(*number);
  const auto map_line = [&f](const Line& line) {
    Line out{line.label, {}};
    for (const auto& [at, number] : line.values) put(out, at, f(number));
    return out;
  };
  if (const auto* line = std::get_if<Line>(&value)) return map_line(*line);
  Lines out;
  for (const Line& line : std::get<Lines>(value)) out.push_back(map_line(line));
  return out;
}

Result<MathValue> combined(const MathValue& left, const MathValue& right,
                           double (*compute)(double, double)) {
  const auto* lines = std::get_if<Lines>(&left);
  const auto* others = std::get_if<Lines>(&right);
  if (lines != nullptr && others != nullptr) {
    return fail("two lists of time series cannot be combined by an operator");
  }
  if (lines != nullptr || others != nullptr) {
    Lines out;
    for (const Line& line : lines ? *lines : *others)
      out.push_back(lines ? combined_lines(line, right, compute)
                          : combined_lines(left, line, compute));
    if (others != nullptr) {
      for (size_t i = 0; i < out.size(); ++i) out[i].label = (*others)[i].label;
    }
    return out;
  }
  const auto* a = std::get_if<double>(&left);
  const auto* b = std::get_if<double>(&right);
  if (a != nullptr && b != nullptr) {
    const double value = compute(*a, *b);
    if (std::isfinite(value)) return value;
    return fail("the expression divides a number by zero");
  }
  return combined_lines(left, right, compute);
}

MathValue filled(const MathValue& value, const Filling& filling) {
  if (const auto* line = std::get_if<Line>(&value)) return filled_line(*line, filling);
  Lines out;
  if (const auto* lines = std::get_if<Lines>(&value)) {
    for (const Line& line : *lines) out.push_back(filled_line(line, filling));
  }
  return out;
}

Result<MathValue> apply(string_view function, std::span<const MathValue> arguments,
                        const MathContext& context) {
  if (function == "IF") {
    if (arguments.size() == 2 || arguments.size() == 3) return chosen(arguments);
    return fail("IF takes two or three arguments");
  }
  if (arguments.size() != 1) return fail(fmt::format("{} takes one argument", function));
  const MathValue& value = arguments.front();
  for (const Reduction& each : reductions) {
    if (each.name == function) return reduced(each, value);
  }
  for (const Mapping& each : mappings) {
    if (each.name == function) return mapped(value, each.map);
  }
  if (function == "TIME_SERIES") {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr) return constant(*number, context);
    return fail("TIME_SERIES takes a number");
  }
  if (function == "PERIOD") return static_cast<double>(context.period.count());
  if (function == "DATAPOINT_COUNT") {
    const auto* line = std::get_if<Line>(&value);
    if (line != nullptr) return static_cast<double>(line->values.size());
    return fail("DATAPOINT_COUNT takes a time series");
  }
  for (const Transformation& each : transformations) {
    if (each.name != function) continue;
    if (!std::holds_alternative<double>(value)) return transformed(value, each.transform);
    return fail(fmt::format("{} takes a time series", function));
  }
  return fail(fmt::format("the function {} is not in this release", function));
}

}  // namespace daruma::metrics
