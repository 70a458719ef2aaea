// SPDX-License-Identifier: Apache-2.0
#include "routing/regex_globs.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "routing/glob.h"

namespace daruma::routing {
namespace {

using Texts = std::vector<std::string>;

constexpr size_t texts_max = 16;
constexpr std::string_view specials = "\\^$.|?*+()[]{}";

bool is_special(char c) {
  return specials.find(c) != std::string_view::npos;
}

// Reads what it knows; whatever else stands there makes it fail.
class Parser {
 public:
  explicit Parser(std::string_view regex) : rest_(regex) {}

  std::optional<Texts> run() {
    const bool from_begin = take('^');
    auto texts = sequence();
    const bool to_end = take('$');
    if (!texts || !rest_.empty()) return std::nullopt;
    for (std::string& text : *texts) {
      if (!from_begin) text.insert(0, 1, '*');
      if (!to_end) text += '*';
      if (text.empty() || text.size() > Glob::pattern_bytes_max) return std::nullopt;
    }
    return texts;
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Up to '|', ')', '$' or the end.
  std::optional<Texts> sequence() {
    Texts texts{""};
    while (!rest_.empty() &&
           std::string_view("|)$").find(rest_.front()) == std::string_view::npos) {
      auto next = take('(') ? group() : rest_.starts_with('.') ? any() : literal();
      if (!next) return std::nullopt;
      if (take('?')) next->insert(next->begin(), "");
      // "a??", "a*" and the like.
      if (!rest_.empty() &&
          std::string_view("?*+{").find(rest_.front()) != std::string_view::npos) {
        return std::nullopt;
      }
      if (texts.size() * next->size() > texts_max) return std::nullopt;
      texts = product(texts, *next);
    }
    return texts;
  }

  static Texts product(const Texts& left, const Texts& right) {
    Texts texts;
    for (const std::string& begin : left) {
      for (const std::string& end : right) texts.push_back(begin + end);
    }
    return texts;
  }

  // Behind its '('.
  std::optional<Texts> group() {
    if (rest_.starts_with('?') && !rest_.starts_with("?:")) return std::nullopt;
    if (rest_.starts_with("?:")) rest_.remove_prefix(2);
    Texts all;
    do {
      const auto texts = sequence();
      if (!texts || all.size() + texts->size() > texts_max) return std::nullopt;
      all.insert(all.end(), texts->begin(), texts->end());
    } while (take('|'));
    if (!take(')')) return std::nullopt;
    return all;
  }

  std::optional<Texts> any() {
    take('.');
    const bool run = take('*');
    const bool run_of_one = !run && take('+');
    if (run || run_of_one) take('?');  // how much is taken is all the same
    return Texts{run ? "*" : run_of_one ? "?*" : "?"};
  }

  std::optional<Texts> literal() {
    const bool escaped = take('\\');
    if (rest_.empty()) return std::nullopt;
    const char c = rest_.front();
    // An escaped letter or digit is a class, a boundary or a reference. In a pattern, '*' and '?'
    // would be wildcards.
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (escaped ? letter || c == '*' || c == '?' : is_special(c)) return std::nullopt;
    rest_.remove_prefix(1);
    return Texts{std::string(1, c)};
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<std::string>> globs_of(std::string_view regex) {
  return Parser(regex).run();
}

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Expressions on the host are looked for in "host:port" too (routing/condition.h), patterns are
// not. These find nothing there that they do not find in the host: what ends with a letter, and a
// text without ':' that something follows.
bool ignores_ports(std::string_view glob) {
  if (is_letter(glob.back())) return true;
  return glob.find_first_of("*?:") == glob.size() - 1 && glob.back() == '*';
}

// False if one of the expressions is no pattern.
template <class T>
bool rewrite(T& condition) {
  for (const std::string& regex : std::exchange(condition.regexes, {})) {
    const auto globs = globs_of(regex);
    if (!globs) return false;
    condition.values.insert(condition.values.end(), globs->begin(), globs->end());
  }
  return !condition.values.empty();
}

}  // namespace

std::optional<model::Condition> in_patterns(const model::Condition& condition) {
  model::Condition made = condition;
  if (auto* host = std::get_if<model::HostHeaderCondition>(&made.test)) {
    if (host->regexes.empty() || !rewrite(*host)) return std::nullopt;
    if (!std::ranges::all_of(host->values, ignores_ports)) return std::nullopt;
  } else if (auto* path = std::get_if<model::PathPatternCondition>(&made.test)) {
    if (path->regexes.empty() || !rewrite(*path)) return std::nullopt;
  } else if (auto* header = std::get_if<model::HttpHeaderCondition>(&made.test)) {
    if (header->regexes.empty() || !rewrite(*header)) return std::nullopt;
  } else {
    return std::nullopt;
  }
  return made;
}

}  // namespace daruma::routing
