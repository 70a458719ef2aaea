// SPDX-License-Identifier: Apache-2.0
#include "routing/condition.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "routing/query_pairs.h"

namespace daruma::routing {

class Condition::Maker {
 public:
  Test operator()(const model::HostHeaderCondition& host) const {
    return Host{texts(host, Case::insensitive)};
  }
  Test operator()(const model::PathPatternCondition& path) const {
    return Path{texts(path, Case::sensitive)};
  }
  Test operator()(const model::HttpHeaderCondition& header) const {
    return Header{header.name, texts(header, Case::insensitive)};
  }
  Test operator()(const model::HttpRequestMethodCondition& method) const {
    return Method{method.values};
  }
  Test operator()(const model::QueryStringCondition& query) const {
    const auto glob = [](const std::string& text) {
      return Glob(text, Case::insensitive, Escapes::backslash);
    };
    Query made;
    for (const auto& pair : query.values) {
      Pair& to = made.pairs.emplace_back(Pair{std::nullopt, glob(pair.value)});
      if (pair.key) to.key = glob(*pair.key);
    }
    return made;
  }
  Test operator()(const model::SourceIpCondition& source) const { return Source{source.values}; }

 private:
  template <class T>
  static Texts texts(const T& condition, Case letters) {
    Texts texts;
    for (const std::string& value : condition.values) texts.globs.emplace_back(value, letters);
    for (const std::string& regex : condition.regexes) {
      auto compiled = Regex::compile(regex, letters);
      DARUMA_ASSERT(compiled.has_value());
      texts.regexes.push_back(std::move(*compiled));
    }
    return texts;
  }
};

bool Condition::Texts::hold(std::string_view subject) const {
  const auto matches = [subject](const Glob& glob) { return glob.matches(subject); };
  const auto found = [subject](const Regex& regex) { return regex.found_in(subject); };
  return std::ranges::any_of(globs, matches) || std::ranges::any_of(regexes, found);
}

class Condition::Asker {
 public:
  explicit Asker(const MatchInput& input) : input_(input) {}

  bool operator()(const Host& host) const {
    if (host.texts.hold(input_.host)) return true;
    // Only a regular expression can ask for a port: a pattern holds no ':'.
    return !host.texts.regexes.empty() && input_.has_port() &&
           host.texts.hold(input_.host_and_port);
  }
  bool operator()(const Path& path) const { return path.texts.hold(input_.path); }
  bool operator()(const Header& header) const {
    return input_.fields != nullptr &&
           std::ranges::any_of(*input_.fields, [&header](const http::Field& field) {
             return MatchInput::counts(field) && ascii_iequals(field.name, header.name) &&
                    header.texts.hold(field.value);
           });
  }
  bool operator()(const Method& method) const {
    return std::ranges::find(method.values, input_.method) != method.values.end();
  }
  bool operator()(const Query& query) const {
    return any_query_pair(input_.query, [&query](std::string_view key, std::string_view value) {
      return std::ranges::any_of(query.pairs, [key, value](const Pair& pair) {
        return (!pair.key || pair.key->matches(key)) && pair.value.matches(value);
      });
    });
  }
  bool operator()(const Source& source) const {
    return input_.source != nullptr &&
           std::ranges::any_of(source.ranges, [this](const CidrRange& range) {
             return range.contains(*input_.source);
           });
  }

 private:
  const MatchInput& input_;
};

Condition::Condition(const model::Condition& condition)
    : test_(std::visit(Maker(), condition.test)), negate_(condition.negate) {}

bool Condition::test_holds(const MatchInput& input) const {
  return std::visit(Asker(input), test_);
}

}  // namespace daruma::routing
