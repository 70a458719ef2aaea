// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_search.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace daruma::api::cloudwatch {
namespace {

using std::string_view;

string_view trimmed(string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string lower(string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::vector<std::string> parts_of(string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = list.find(',');
    string_view part = trimmed(list.substr(0, comma));
    if (part.size() >= 2 && part.front() == '"' && part.back() == '"')
      part = part.substr(1, part.size() - 2);
    parts.emplace_back(part);
    if (comma == string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

struct MetricSearch::Node {
  enum class Kind : uint8_t { term, negation, conjunction, disjunction };
  Kind kind = Kind::term;
  std::string name;   // of a term: "MetricName", "Namespace", a dimension's; "": any of them
  std::string value;  // in lower case where it is not exact
  bool exact = false;
  std::vector<Node> parts;  // of the other kinds

  bool fits(const metrics::SeriesKey& key) const {
    const auto fits_too = [&key](const Node& part) { return part.fits(key); };
    switch (kind) {
      case Kind::term:
        return holds(key);
      case Kind::negation:
        return !parts[0].fits(key);
      case Kind::conjunction:
        return std::ranges::all_of(parts, fits_too);
      case Kind::disjunction:
        return std::ranges::any_of(parts, fits_too);
    }
    return false;
  }

 private:
  bool holds(const metrics::SeriesKey& key) const {
    const auto found = [this](string_view its_name, string_view its_value) {
      if (!name.empty() && name != its_name) return false;
      return exact ? its_value == value : lower(its_value).find(value) != std::string::npos;
    };
    if (found("MetricName", key.name)) return true;
    if (!name.empty() && found("Namespace", key.space)) return true;
    return std::ranges::any_of(key.dimensions, [&found](const metrics::Dimension& dimension) {
      return found(dimension.name, dimension.value);
    });
  }
};

class SearchParser {
 public:
  explicit SearchParser(string_view text) : text_(text) {}

  Result<MetricSearch::Node> run() {
    Node root = disjunction();
    if (problem_.empty() && !next().empty()) problem_ = "')' without '('";
    if (!problem_.empty()) return fail(problem_);
    return root;
  }

 private:
  using Node = MetricSearch::Node;

  // What is left, without the spaces before it.
  string_view next() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
    return text_;
  }
  bool take(char c) {
    if (!next().starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // A whole word: "OR" is not the beginning of "ORDER".
  bool take_word(string_view word) {
    if (!next().starts_with(word)) return false;
    const string_view rest = text_.substr(word.size());
    if (!rest.empty() && string_view(" ()\"").find(rest.front()) == string_view::npos) return false;
    text_ = rest;
    return true;
  }
  void wrong(const char* what) {
    if (problem_.empty()) problem_ = what;
  }

  Node disjunction() {
    Node all;
    all.kind = Node::Kind::disjunction;
    do {
      all.parts.push_back(conjunction());
    } while (problem_.empty() && take_word("OR"));
    return all.parts.size() == 1 ? Node(std::move(all.parts[0])) : all;
  }

  Node conjunction() {
    Node all;
    all.kind = Node::Kind::conjunction;
    bool more = true;
    while (more && problem_.empty()) {
      all.parts.push_back(negation());
      const bool joined = take_word("AND");
      const string_view rest = next();
      const bool over = rest.empty() || rest.starts_with(')') || at_word("OR");
      more = joined || !over;
    }
    return all.parts.size() == 1 ? Node(std::move(all.parts[0])) : all;
  }

  bool at_word(string_view word) {
    const string_view before = next();
    const bool there = take_word(word);
    text_ = before;
    return there;
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

  // Terms within `Name=(…)` that have no name have that one.
  Node primary() {
    if (take('(')) return group();
    Node term;
    term.name = name_;
    Value value = take_value();
    if (take('=')) {
      term.name = std::move(value.text);
      if (take('(')) {
        const std::string outer = std::exchange(name_, term.name);
        Node node = group();
        name_ = outer;
        return node;
      }
      value = take_value();
    }
    if (value.text.empty()) wrong("a term is empty");
    if (value.is_operator()) wrong("an operator stands where a term is due");
    term.exact = value.quoted;
    term.value = value.quoted ? value.text : lower(value.text);
    return term;
  }

  Node group() {
    if (!enter()) return {};
    Node node = disjunction();
    --depth_;
    if (!take(')')) wrong("'(' is not closed");
    return node;
  }

  bool enter() {
    if (++depth_ <= MetricSearch::depth_max) return true;
    wrong("it is too deep");
    return false;
  }

  struct Value {
    std::string text;
    bool quoted = false;

    bool is_operator() const { return !quoted && (text == "AND" || text == "OR"); }
  };
  // A word, or what is between quotes.
  Value take_value() {
    const bool quoted = take('"');
    const size_t end = quoted ? text_.find('"') : text_.find_first_of(" =\"()");
    if (quoted && end == string_view::npos) {
      wrong("a quote is not closed");
      return {};
    }
    const size_t size = std::min(end, text_.size());
    Value value{std::string(text_.substr(0, size)), quoted};
    text_.remove_prefix(std::min(size + (quoted ? 1 : 0), text_.size()));
    return value;
  }

  string_view text_;
  std::string name_;
  int depth_ = 0;
  std::string problem_;
};

Result<MetricSearch> MetricSearch::of(string_view text) {
  MetricSearch search;
  text = trimmed(text);
  if (text.starts_with('{')) {
    const size_t end = text.find('}');
    if (end == string_view::npos) return fail("'{' is not closed");
    search.schema_ = parts_of(text.substr(1, end - 1));
    std::sort(search.schema_->begin() + 1, search.schema_->end());
    text = trimmed(text.substr(end + 1));
  }
  if (text.empty()) return search;
  auto root = SearchParser(text).run();
  if (!root) return fail(root.error().message);
  search.root_ = std::make_shared<const Node>(std::move(*root));
  return search;
}

bool MetricSearch::fits(const metrics::SeriesKey& key) const {
  if (schema_) {
    std::vector<std::string> names{key.space};
    for (const metrics::Dimension& dimension : key.dimensions) names.push_back(dimension.name);
    std::sort(names.begin() + 1, names.end());
    if (names != *schema_) return false;
  }
  return !root_ || root_->fits(key);
}

}  // namespace daruma::api::cloudwatch
