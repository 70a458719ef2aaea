// SPDX-License-Identifier: Apache-2.0
#include "metrics/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "metrics/expression_values.h"

namespace daruma::metrics {
namespace {

using std::string_view;

constexpr int depth_max = 64;

enum class Kind : uint8_t { number, text, word, sign, end, wrong };
struct Token {
  Kind kind = Kind::end;
  string_view text;  // of a text: what is between the quotes
  size_t place = 0;
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Tokens {
 public:
  explicit Tokens(string_view text) : text_(text) { next(); }
  const Token& now() const { return now_; }
  void next();

 private:
  Token take(Kind kind, size_t length) {
    Token token{kind, text_.substr(place_, length), place_};
    place_ += length;
    return token;
  }
  template <class Predicate>
  size_t run_of(Predicate is) const {
    size_t length = 0;
    while (place_ + length < text_.size() && is(text_[place_ + length])) ++length;
    return length;
  }

  string_view text_;
  size_t place_ = 0;
  Token now_;
};

void Tokens::next() {
  place_ += run_of([](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  if (place_ == text_.size()) {
    now_ = {Kind::end, "", place_};
    return;
  }
  const char c = text_[place_];
  if (is_letter(c)) {
    now_ = take(Kind::word, run_of([](char d) { return is_letter(d) || is_digit(d); }));
  } else if (is_digit(c) || c == '.') {
    now_ = take(Kind::number, run_of([](char d) { return is_digit(d) || d == '.'; }));
  } else if (c == '\'' || c == '"') {
    const size_t end = text_.find(c, place_ + 1);
    now_ = end == string_view::npos ? take(Kind::wrong, 1) : take(Kind::text, end - place_ + 1);
    if (now_.kind == Kind::text) now_.text = now_.text.substr(1, now_.text.size() - 2);
  } else {
    const string_view two = text_.substr(place_, 2);
    const bool pair =
        two == "<=" || two == ">=" || two == "==" || two == "!=" || two == "&&" || two == "||";
    now_ = take(Kind::sign, pair ? 2 : 1);
  }
}

// Reads and computes in one pass. The first failure is remembered, and what comes of the rest does
// not matter.
class Machine {
 public:
  Machine(string_view expression, const MathContext& context)
      : tokens_(expression), context_(context) {}

  Result<MathValue> run() {
    MathValue value = any();
    if (tokens_.now().kind != Kind::end) wrong("something else than the end");
    if (!problem_.empty()) return fail(problem_);
    return value;
  }

 private:
  using Binary = double (*)(double, double);
  struct Operator {
    string_view sign;
    Binary compute;
  };

  MathValue any() { return left_to_right(ors, &Machine::both); }
  MathValue both() { return left_to_right(ands, &Machine::compared); }
  MathValue compared() { return left_to_right(comparisons, &Machine::sum); }
  MathValue sum() { return left_to_right(sums, &Machine::product); }
  MathValue product() { return left_to_right(products, &Machine::power); }
  MathValue power();
  MathValue negated();
  MathValue primary();
  MathValue list();
  MathValue call(const Token& name);
  MathValue search(const Token& name);
  MathValue metrics();
  MathValue fill(const Token& name);
  MathValue value_of(const Token& id);

  template <size_t n>
  MathValue left_to_right(const Operator (&operators)[n], MathValue (Machine::*operand)());
  void wrong(string_view what) {
    if (!problem_.empty()) return;
    problem_ = fmt::format("the expression has {} at character {}", what, tokens_.now().place + 1);
  }
  void refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }
  bool is(string_view sign) const {
    return tokens_.now().kind != Kind::text && tokens_.now().text == sign;
  }
  bool take(string_view sign) {
    if (!is(sign)) return false;
    tokens_.next();
    return true;
  }
  void expect(string_view sign) {
    if (!take(sign)) wrong(fmt::format("no '{}'", sign));
  }
  std::string expect_text() {
    std::string text(tokens_.now().text);
    if (tokens_.now().kind != Kind::text) wrong("no text in quotes");
    tokens_.next();
    return text;
  }
  MathValue computed(Binary compute, const MathValue& left, const MathValue& right) {
    auto value = combined(left, right, compute);
    if (value) return std::move(*value);
    refuse(value.error().message);
    return 0.0;
  }

  static constexpr Operator ors[] = {
      {"OR", [](double a, double b) -> double { return a != 0 || b != 0; }},
      {"||", [](double a, double b) -> double { return a != 0 || b != 0; }}};
  static constexpr Operator ands[] = {
      {"AND", [](double a, double b) -> double { return a != 0 && b != 0; }},
      {"&&", [](double a, double b) -> double { return a != 0 && b != 0; }}};
  static constexpr Operator comparisons[] = {
      {"<", [](double a, double b) -> double { return a < b; }},
      {">", [](double a, double b) -> double { return a > b; }},
      {"<=", [](double a, double b) -> double { return a <= b; }},
      {">=", [](double a, double b) -> double { return a >= b; }},
      {"==", [](double a, double b) -> double { return a == b; }},
      {"!=", [](double a, double b) -> double { return a != b; }}};
  static constexpr Operator sums[] = {{"+", [](double a, double b) { return a + b; }},
                                      {"-", [](double a, double b) { return a - b; }}};
  static constexpr Operator products[] = {{"*", [](double a, double b) { return a * b; }},
                                          {"/", [](double a, double b) { return a / b; }}};

  Tokens tokens_;
  const MathContext& context_;
  std::string problem_;
  int depth_ = 0;
};

template <size_t n>
MathValue Machine::left_to_right(const Operator (&operators)[n], MathValue (Machine::*operand)()) {
  MathValue value = (this->*operand)();
  while (problem_.empty()) {
    const auto found =
        std::ranges::find_if(operators, [this](const Operator& each) { return is(each.sign); });
    if (found == std::end(operators)) break;
    tokens_.next();
    value = computed(found->compute, value, (this->*operand)());
  }
  return value;
}

MathValue Machine::power() {
  MathValue value = negated();
  if (!problem_.empty() || !take("^")) return value;
  return computed([](double a, double b) { return std::pow(a, b); }, value, negated());
}

MathValue Machine::negated() {
  bool minus = false;
  while (take("-")) minus = !minus;
  MathValue value = primary();
  if (!minus) return value;
  return mapped(value, [](double a) { return -a; });
}

MathValue Machine::primary() {
  const Token token = tokens_.now();
  if (++depth_ > depth_max) {
    refuse("the expression is nested too deeply");
    return 0.0;
  }
  MathValue value = 0.0;
  if (token.kind == Kind::number) {
    double number = 0;
    const char* end = token.text.data() + token.text.size();
    const auto read = std::from_chars(token.text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) wrong("no number");
    tokens_.next();
    value = number;
  } else if (token.kind == Kind::word) {
    tokens_.next();
    value = is("(") ? call(token) : value_of(token);
  } else if (take("(")) {
    value = any();
    expect(")");
  } else if (is("[")) {
    value = list();
  } else {
    wrong(token.kind == Kind::end ? "its end" : "what is no operand");
  }
  --depth_;
  return value;
}

MathValue Machine::list() {
  Lines lines;
  expect("[");
  do {
    const MathValue value = any();
    if (!append(lines, value)) refuse("a list holds time series only");
  } while (problem_.empty() && take(","));
  expect("]");
  return lines;
}

MathValue Machine::value_of(const Token& id) {
  const auto found = context_.values.find(std::string(id.text));
  if (found != context_.values.end()) return found->second;
  refuse(fmt::format("the expression names '{}', which is no id of this request", id.text));
  return 0.0;
}

MathValue Machine::metrics() {
  const std::string part = is(")") ? "" : expect_text();
  expect(")");
  Lines lines;
  for (const std::string& id : context_.metric_ids) {
    if (id.find(part) != std::string::npos) append(lines, context_.values.at(id));
  }
  return lines;
}

MathValue Machine::search(const Token& name) {
  const std::string what = expect_text();
  expect(",");
  const std::string statistic = expect_text();
  Seconds period = context_.period;
  if (take(",")) {
    const MathValue given = any();
    const double* seconds = std::get_if<double>(&given);
    if (seconds == nullptr || !(*seconds >= 10 && *seconds <= 86'400) ||
        std::fmod(*seconds, 10) != 0) {
      refuse("the period of SEARCH must be a multiple of 10 up to 86400");
      return 0.0;
    }
    period = Seconds(std::llround(*seconds));
  }
  expect(")");
  if (!problem_.empty()) return 0.0;
  auto found = context_.search(what, statistic, period);
  if (found) return std::move(*found);
  refuse(fmt::format("{}: {}", name.text, found.error().message));
  return 0.0;
}

MathValue Machine::fill(const Token&) {
  const MathValue value = any();
  expect(",");
  Filling filling{.from = context_.from, .to = context_.to, .period = context_.period};
  if (take("REPEAT")) {
    filling.how = Filling::How::repeat;
  } else if (take("LINEAR")) {
    filling.how = Filling::How::linear;
  } else {
    const MathValue given = any();
    const double* number = std::get_if<double>(&given);
    if (number == nullptr) refuse("FILL fills with a number, REPEAT or LINEAR");
    filling.value = number ? *number : 0;
  }
  expect(")");
  return filled(value, filling);
}

MathValue Machine::call(const Token& name) {
  expect("(");
  if (name.text == "METRICS") return metrics();
  if (name.text == "SEARCH") return search(name);
  if (name.text == "FILL") return fill(name);
  std::vector<MathValue> arguments;
  do {
    arguments.push_back(any());
  } while (problem_.empty() && take(","));
  expect(")");
  if (!problem_.empty()) return 0.0;
  auto value = apply(name.text, arguments, context_);
  if (value) return std::move(*value);
  refuse(value.error().message);
  return 0.0;
}

}  // namespace

Result<MathValue> evaluate(string_view expression, const MathContext& context) {
  if (expression.size() > expression_bytes_max) return fail("the expression is over 2048 bytes");
  return Machine(expression, context).run();
}

std::vector<std::string> ids_in(string_view expression) {
  std::vector<std::string> ids;
  Tokens tokens(expression);
  for (; tokens.now().kind != Kind::end; tokens.next()) {
    const Token& token = tokens.now();
    if (token.kind == Kind::word && token.text.front() >= 'a' && token.text.front() <= 'z') {
      ids.emplace_back(token.text);
    }
  }
  return ids;
}

}  // namespace daruma::metrics
