// SPDX-License-Identifier: Apache-2.0
//
// Conditions and actions of listener rules (elbv2 shapes RuleCondition and Action), compiled:
// groups are indices into Snapshot::target_groups. Values.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace daruma::routing {
struct Transforms;  // compiled by routing/; model only carries it
}

namespace daruma::model {

// Texts to compare with: patterns with * and ?, or regular expressions; never both.
struct HostHeaderCondition {
  std::vector<std::string> values;     // lower case
  std::vector<std::string> regexes{};  // case plays no part
  bool operator==(const HostHeaderCondition&) const = default;
};
struct PathPatternCondition {
  std::vector<std::string> values;  // case-sensitive
  std::vector<std::string> regexes{};
  bool operator==(const PathPatternCondition&) const = default;
};
struct HttpHeaderCondition {
  std::string name;
  std::vector<std::string> values;     // case plays no part, nor does the name's
  std::vector<std::string> regexes{};  // the same
  bool operator==(const HttpHeaderCondition&) const = default;
};
struct HttpRequestMethodCondition {
  std::vector<std::string> values;  // case-sensitive, no patterns
  bool operator==(const HttpRequestMethodCondition&) const = default;
};
struct QueryStringCondition {
  struct Pair {
    std::optional<std::string> key;  // nullopt: any key
    std::string value;
    bool operator==(const Pair&) const = default;
  };
  std::vector<Pair> values;  // patterns; \* and \? stand for themselves; case plays no part
  bool operator==(const QueryStringCondition&) const = default;
};
struct SourceIpCondition {
  std::vector<CidrRange> values;
  bool operator==(const SourceIpCondition&) const = default;
};

struct Condition {
  using Test = std::variant<HostHeaderCondition, PathPatternCondition, HttpHeaderCondition,
                            HttpRequestMethodCondition, QueryStringCondition, SourceIpCondition>;
  template <class T>
  requires(!std::same_as<T, Condition>) Condition(T its_test, bool is_negated = false)
      : test(std::move(its_test)), negate(is_negated) {}

  Test test;
  bool negate = false;  // it holds where the test does not
  bool operator==(const Condition&) const = default;
};

struct WeightedGroup {
  uint32_t group;  // index into Snapshot::target_groups
  uint32_t weight = 1;
  bool operator==(const WeightedGroup&) const = default;
};
struct ForwardAction {
  std::vector<WeightedGroup> groups;
  uint32_t weight_total = 0;  // sum of the weights; 0 means that nothing can be served: 503
  Duration stickiness{};      // how long a client stays with its group; 0: not at all
  bool operator==(const ForwardAction&) const = default;
};
// Each part is a template with #{protocol} #{host} #{port} #{path} #{query}; the default is the
// request's own.
struct RedirectAction {
  std::string protocol = "#{protocol}";
  std::string host = "#{host}";
  std::string port = "#{port}";
  std::string path = "/#{path}";
  std::string query = "#{query}";
  int status = 302;
  bool operator==(const RedirectAction&) const = default;
};
struct FixedResponseAction {
  int status = 200;
  std::string content_type;
  std::string body;
  bool operator==(const FixedResponseAction&) const = default;
};
using Action = std::variant<ForwardAction, RedirectAction, FixedResponseAction>;

// What an answer that Daruma makes itself says instead of an ALB's page.
struct ErrorPage {
  int status = 0;            // 503; or 4 or 5: any status of that class
  std::string content_type;  // "text/html"
  std::string text;          // a template with #{status} #{reason} #{trace_id}
  bool operator==(const ErrorPage&) const = default;
};

struct Rule {
  int priority = 0;  // 1–50000; 0 is the listener's default rule, as the access log writes it
  std::vector<Condition> conditions;  // all must hold
  Action action;
  std::shared_ptr<const routing::Transforms> transforms{};  // of a forwarded request; null: none
};

}  // namespace daruma::model
