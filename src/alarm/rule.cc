// SPDX-License-Identifier: Apache-2.0
#include "alarm/rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace daruma::alarm {

struct Rule::Node {
  enum class Kind : uint8_t { constant, in_state, negation, conjunction, disjunction };
  Kind kind = Kind::constant;
  bool value = false;          // constant
  State state = State::alarm;  // in_state
  std::string name;
  std::vector<Node> parts;  // of the other three

  bool holds(const StateOf& state_of) const {
    const auto holds_too = [&state_of](const Node& part) { return part.holds(state_of); };
    switch (kind) {
      case Kind::constant:
        return value;
      case Kind::in_state:
        return state_of(name) == state;
      case Kind::negation:
        return !parts[0].holds(state_of);
      case Kind::conjunction:
        return std::ranges::all_of(parts, holds_too);
      case Kind::disjunction:
        return std::ranges::any_of(parts, holds_too);
    }
    return false;
  }
};

class RuleParser {
 public:
  explicit RuleParser(std::string_view text) : text_(text) {}

  Result<Rule> run() {
    if (text_.size() > Rule::bytes_max)
      return fail(fmt::format("AlarmRule must not be longer than {} characters", Rule::bytes_max));
    Rule rule;
    auto root = disjunction();
    skip_spaces();
    if (problem_.empty() && place_ < text_.size()) wrong("expected AND, OR or the end");
    if (alarms_.size() > Rule::alarms_max)
      return fail(fmt::format("AlarmRule must not name more than {} alarms", Rule::alarms_max));
    if (!problem_.empty()) return fail("AlarmRule is no rule: " + problem_);
    rule.root_ = std::make_shared<const Rule::Node>(std::move(root));
    rule.alarms_ = std::move(alarms_);
    return rule;
  }

 private:
  using Node = Rule::Node;

  Node disjunction() { return joined("OR", Node::Kind::disjunction, &RuleParser::conjunction); }
  Node conjunction() { return joined("AND", Node::Kind::conjunction, &RuleParser::negation); }

  Node joined(std::string_view word, Node::Kind kind, Node (RuleParser::*part)()) {
    Node all;
    all.kind = kind;
    all.parts.push_back((this->*part)());
    while (problem_.empty() && take_word(word)) all.parts.push_back((this->*part)());
    return all.parts.size() == 1 ? std::move(all.parts[0]) : all;
  }

  Node negation() {
    if (!take_word("NOT")) return primary();
    Node node;
    node.kind = Node::Kind::negation;
    if (!enter()) return node;
    node.parts.push_back(negation());
    --depth_;
    return node;
  }

  Node primary() {
    Node node;
    if (take('(')) {
      if (!enter()) return node;
      node = disjunction();
      --depth_;
      expect(')');
      return node;
    }
    if (take_word("TRUE")) node.value = true;
    if (node.value || take_word("FALSE")) return node;
    node.kind = Node::Kind::in_state;
    for (const State state : {State::insufficient_data, State::alarm, State::ok}) {
      if (!take_word(name_of(state))) continue;
      node.state = state;
      expect('(');
      node.name = name();
      expect(')');
      return node;
    }
    wrong("expected ALARM(…), OK(…), INSUFFICIENT_DATA(…), TRUE, FALSE, NOT or '('");
    return node;
  }

  std::string name() {
    skip_spaces();
    std::string name;
    const char quote = place_ < text_.size() ? text_[place_] : '\0';
    if (quote == '"' || quote == '\'') {
      ++place_;
      while (place_ < text_.size() && text_[place_] != quote) {
        if (text_[place_] == '\\' && place_ + 1 < text_.size()) ++place_;
        name += text_[place_++];
      }
      expect(quote);
    } else {
      while (place_ < text_.size() && text_[place_] != ')') name += text_[place_++];
      name.erase(name.find_last_not_of(" \t\r\n") + 1);
    }
    if (name.empty()) wrong("expected the name of an alarm");
    name = name_in(name);
    if (std::ranges::find(alarms_, name) == alarms_.end()) alarms_.push_back(name);
    return name;
  }

  void skip_spaces() {
    while (place_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[place_]) != std::string_view::npos) {
      ++place_;
    }
  }
  bool take(char c) {
    skip_spaces();
    if (place_ >= text_.size() || text_[place_] != c) return false;
    ++place_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) wrong(fmt::format("expected '{}'", c));
  }
  // A whole word: "OR" is not the beginning of "ORDER".
  bool take_word(std::string_view word) {
    skip_spaces();
    if (!text_.substr(place_).starts_with(word)) return false;
    const size_t end = place_ + word.size();
    const bool longer =
        end < text_.size() && (text_[end] == '_' || (text_[end] >= 'A' && text_[end] <= 'Z'));
    if (longer) return false;
    place_ = end;
    return true;
  }
  bool enter() {
    if (++depth_ <= Rule::depth_max) return true;
    wrong("too deep");
    return false;
  }
  void wrong(const std::string& what) {
    if (problem_.empty()) problem_ = fmt::format("at {}: {}", place_ + 1, what);
  }

  const std::string_view text_;
  size_t place_ = 0;
  int depth_ = 0;
  std::string problem_;
  std::vector<std::string> alarms_;
};

Result<Rule> Rule::parse(std::string_view text) {
  return RuleParser(text).run();
}

bool Rule::holds(const StateOf& state_of) const {
  return root_->holds(state_of);
}

}  // namespace daruma::alarm
