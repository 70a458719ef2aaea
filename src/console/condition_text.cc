// SPDX-License-Identifier: Apache-2.0
#include "console/condition_text.h"

#include <fmt/format.h>

#include <variant>
#include <vector>

#include "base/bytes.h"

namespace daruma::console {
namespace {

struct Words {
  std::string field;
  std::vector<std::string> values;
  bool regex = false;
};

template <class T>
Words patterns(std::string field, const T& test) {
  if (!test.regexes.empty()) return {std::move(field), test.regexes, true};
  return {std::move(field), test.values};
}

struct WordsOf {
  Words operator()(const model::HostHeaderCondition& test) const {
    return patterns("host-header", test);
  }
  Words operator()(const model::PathPatternCondition& test) const {
    return patterns("path-pattern", test);
  }
  Words operator()(const model::HttpHeaderCondition& test) const {
    return patterns("http-header " + test.name, test);
  }
  Words operator()(const model::HttpRequestMethodCondition& test) const {
    return {"http-request-method", test.values};
  }
  Words operator()(const model::QueryStringCondition& test) const {
    Words words{"query-string", {}};
    for (const auto& pair : test.values)
      words.values.push_back(pair.key ? *pair.key + "=" + pair.value : pair.value);
    return words;
  }
  Words operator()(const model::SourceIpCondition& test) const {
    Words words{"source-ip", {}};
    for (const CidrRange& range : test.values) words.values.push_back(range.to_string());
    return words;
  }
};

struct ValueOf {
  const routing::MatchInput& input;

  std::string operator()(const model::HostHeaderCondition&) const {
    return std::string(input.host);
  }
  std::string operator()(const model::PathPatternCondition&) const {
    return std::string(input.path);
  }
  std::string operator()(const model::HttpHeaderCondition& test) const {
    std::string value;
    for (const http::Field& field : *input.fields) {
      if (!ascii_iequals(field.name, test.name)) continue;
      value += value.empty() ? "" : ", ";
      value += field.value;
    }
    return value;
  }
  std::string operator()(const model::HttpRequestMethodCondition&) const {
    return std::string(input.method);
  }
  std::string operator()(const model::QueryStringCondition&) const {
    return std::string(input.query);
  }
  std::string operator()(const model::SourceIpCondition&) const { return input.source->ip(); }
};

}  // namespace

std::string text_of(const model::Condition& condition) {
  const Words words = std::visit(WordsOf{}, condition.test);
  return fmt::format("{} {}{} {}", words.field, condition.negate ? "is not" : "is",
                     words.regex ? " of the form" : "", fmt::join(words.values, " or "));
}

std::string value_of(const model::Condition& condition, const routing::MatchInput& input) {
  return std::visit(ValueOf{input}, condition.test);
}

}  // namespace daruma::console
