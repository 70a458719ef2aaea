// SPDX-License-Identifier: Apache-2.0
//
// Conditions and actions of listener rules (elbv2 shapes RuleCondition and Action), compiled:
// groups are indices into Snapshot::target_groups. Values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace daruma::routing {
struct Transforms;  // compiled by routing/; model only carries it
}

namespace daruma::model {

struct HostHeaderCondition {
  std::vector<std::string> values;  // patterns with * and ?, lower case
  bool operator==(const HostHeaderCondition&) const = default;
};
struct PathPatternCondition {
  std::vector<std::string> values;  // patterns with * and ?, case-sensitive
  bool operator==(const PathPatternCondition&) const = default;
};
struct HttpRequestMethodCondition {
  std::vector<std::string> values;  // case-sensitive, no patterns
  bool operator==(const HttpRequestMethodCondition&) const = default;
};
using Condition =
    std::variant<HostHeaderCondition, PathPatternCondition, HttpRequestMethodCondition>;

struct WeightedGroup {
  uint32_t group;  // index into Snapshot::target_groups
  uint32_t weight = 1;
  bool operator==(const WeightedGroup&) const = default;
};
struct ForwardAction {
  std::vector<WeightedGroup> groups;
  uint32_t weight_total = 0;  // sum of the weights; 0 means that nothing can be served: 503
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

struct Rule {
  int priority = 0;  // 1–50000; 0 is the listener's default rule, as the access log writes it
  std::vector<Condition> conditions;  // all must hold
  Action action;
  std::shared_ptr<const routing::Transforms> transforms{};  // of a forwarded request; null: none
};

}  // namespace daruma::model
