// SPDX-License-Identifier: Apache-2.0
#include "control/validate_actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/bytes.h"
#include "control/suggestion.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

// One part of a redirect: which keywords AWS allows in it, and how long it may be.
struct RedirectPart {
  string_view name;
  string_view keywords;  // comma-separated
  size_t bytes_min;
  size_t bytes_max;
};
constexpr RedirectPart host_part{"Host", "host", 1, 128};
constexpr RedirectPart path_part{"Path", "host,port,path", 1, 128};
constexpr RedirectPart query_part{"Query", "protocol,host,port,path,query", 0, 128};

bool allows(string_view keywords, string_view keyword) {
  bool found = false;
  for_each_list_element(keywords,
                        [&](string_view allowed) { found = found || allowed == keyword; });
  return found;
}

// "" if good.
std::string check_keywords(const RedirectPart& part, string_view value) {
  for (size_t at = value.find("#{"); at != string_view::npos; at = value.find("#{", at + 2)) {
    const size_t end = value.find('}', at);
    if (end == string_view::npos) {
      return fmt::format("{} has a '#{{' without '}}'", part.name);
    }
    const string_view keyword = value.substr(at + 2, end - at - 2);
    if (allows(part.keywords, keyword)) continue;
    std::string all;
    for_each_list_element(part.keywords,
                          [&](string_view allowed) { all += fmt::format(" #{{{}}}", allowed); });
    return fmt::format("{} cannot hold #{{{}}}; allowed here:{}", part.name, keyword, all);
  }
  return "";
}

std::string check_part(const RedirectPart& part, string_view value) {
  if (value.size() < part.bytes_min || value.size() > part.bytes_max) {
    return fmt::format("{} must have {} to {} characters, not {}", part.name, part.bytes_min,
                       part.bytes_max, value.size());
  }
  for (const char c : value) {
    if (c <= ' ' || c > '~') {
      return fmt::format("{} may hold only visible ASCII characters", part.name);
    }
  }
  return check_keywords(part, value);
}

class RedirectCheck {
 public:
  RedirectCheck(const api::RedirectConfig& config, const Path& path, const ListenerView& listener,
                Issues& issues)
      : config_(config), path_(path), listener_(listener), issues_(issues) {}

  void run() {
    check_status();
    check_protocol();
    check_port();
    check("Host", config_.host, [](string_view v) { return check_part(host_part, v); });
    check("Path", config_.path, [](string_view v) {
      if (!v.starts_with('/')) return fmt::format("Path must begin with '/', not '{}'", v);
      return check_part(path_part, v);
    });
    check("Query", config_.query, [](string_view v) {
      if (v.starts_with('?')) return std::string("Query must not begin with '?'; it is added");
      return check_part(query_part, v);
    });
    if (changes_nothing()) {
      issues_.error(path_,
                    "a redirect must change at least one of Protocol, Host, Port and Path, "
                    "or it would send the client round in a circle");
    }
  }

 private:
  template <class F>
  void check(string_view member, const std::optional<std::string>& value, F f) {
    if (!value) return;
    const std::string message = f(*value);
    if (!message.empty()) issues_.error(path_.at(member), message);
  }

  void check_status() {
    if (config_.status_code == "HTTP_301" || config_.status_code == "HTTP_302") return;
    issues_.error(path_.at("StatusCode"),
                  config_.status_code.empty()
                      ? "StatusCode is missing: HTTP_301 (permanent) or HTTP_302 (temporary)"
                      : fmt::format("StatusCode must be HTTP_301 or HTTP_302, not '{}'",
                                    config_.status_code));
  }
  void check_protocol() {
    check("Protocol", config_.protocol, [&](string_view v) -> std::string {
      if (v != "HTTP" && v != "HTTPS" && v != "#{protocol}") {
        return fmt::format("Protocol must be HTTP, HTTPS or #{{protocol}}, not '{}'", v);
      }
      if (v == "HTTP" && listener_.https) {
        return "a redirect from HTTPS to HTTP is not allowed";
      }
      return "";
    });
  }
  void check_port() {
    check("Port", config_.port, [](string_view v) -> std::string {
      const auto port = parse_decimal(v);
      if (v == "#{port}" || (port && *port >= 1 && *port <= 65535)) return "";
      return fmt::format("Port must be a number from 1 to 65535 or #{{port}}, not '{}'", v);
    });
  }

  static bool same(const std::optional<std::string>& value, string_view keyword) {
    return !value || *value == keyword;
  }
  // A value equal to the listener's own is no change either.
  bool changes_nothing() const {
    const bool same_protocol = same(config_.protocol, "#{protocol}") ||
                               *config_.protocol == (listener_.https ? "HTTPS" : "HTTP");
    const bool same_port =
        same(config_.port, "#{port}") || *config_.port == std::to_string(listener_.port);
    return same_protocol && same_port && same(config_.host, "#{host}") &&
           same(config_.path, "/#{path}");
  }

  const api::RedirectConfig& config_;
  const Path& path_;
  const ListenerView& listener_;
  Issues& issues_;
};

void validate_fixed_response(const api::FixedResponseConfig& config, const Path& path,
                             Issues& issues) {
  static constexpr std::array<string_view, 5> types{"text/plain", "text/css", "text/html",
                                                    "application/javascript", "application/json"};
  const auto status = parse_decimal(config.status_code);
  const bool good = config.status_code.size() == 3 && status &&
                    (*status / 100 == 2 || *status / 100 == 4 || *status / 100 == 5);
  if (!good) {
    issues.error(
        path.at("StatusCode"),
        config.status_code.empty()
            ? "StatusCode is missing: 2XX, 4XX or 5XX, e.g. \"503\""
            : fmt::format("StatusCode must be 2XX, 4XX or 5XX, not '{}'", config.status_code));
  }
  if (config.content_type &&
      std::ranges::find(types, string_view(*config.content_type)) == types.end()) {
    issues.error(path.at("ContentType"), fmt::format("ContentType must be {}, not '{}'",
                                                     one_of(types), *config.content_type));
  }
  if (config.message_body && config.message_body->size() > limits::message_body_bytes_max) {
    issues.error(path.at("MessageBody"),
                 fmt::format("MessageBody has {} bytes; the limit is {}",
                             config.message_body->size(), limits::message_body_bytes_max));
  }
}

void validate_forward_config(const std::vector<api::TargetGroupTuple>& groups, int64_t most,
                             const Path& path, const NameSink& names, Issues& issues) {
  if (groups.empty() || groups.size() > static_cast<size_t>(most)) {
    issues.error(
        path.at("TargetGroups"),
        fmt::format("TargetGroups must name 1 to {} target groups, not {}", most, groups.size()));
  }
  std::set<string_view> seen;
  bool some_weight = groups.empty();
  for (size_t i = 0; i < groups.size(); ++i) {
    const Path tuple = path.at("TargetGroups", i);
    const int64_t weight = groups[i].weight.value_or(limits::forward_weight.standard);
    if (weight < limits::forward_weight.least || weight > limits::forward_weight.most) {
      issues.error(tuple.at("Weight"),
                   fmt::format("Weight must be a number from {} to {}, not {}",
                               limits::forward_weight.least, limits::forward_weight.most, weight));
    }
    some_weight = some_weight || weight != 0;
    if (!groups[i].target_group.empty() && !seen.insert(groups[i].target_group).second) {
      issues.error(
          tuple.at("TargetGroup"),
          fmt::format("target group '{}' is named twice in one action", groups[i].target_group));
    }
    names(tuple.at("TargetGroup"), groups[i].target_group);
  }
  if (!some_weight) {
    issues.warning(path.at("TargetGroups"),
                   "every Weight is 0: these requests are answered with 503");
  }
}

class ActionCheck {
 public:
  ActionCheck(const api::Action& action, const Path& path, const ListenerView& listener,
              const NameSink& names, Issues& issues)
      : action_(action), path_(path), listener_(listener), names_(names), issues_(issues) {}

  void run() {
    check_order();
    if (action_.type == "forward") {
      refuse("RedirectConfig", action_.redirect_config.has_value());
      refuse("FixedResponseConfig", action_.fixed_response_config.has_value());
      return forward();
    }
    if (action_.type != "redirect" && action_.type != "fixed-response") return unknown_type();
    refuse("TargetGroup", action_.target_group.has_value());
    refuse("ForwardConfig", action_.forward_config.has_value());
    if (action_.type == "redirect") {
      refuse("FixedResponseConfig", action_.fixed_response_config.has_value());
      if (!action_.redirect_config) return missing("RedirectConfig");
      const Path config = path_.at("RedirectConfig");
      return RedirectCheck(*action_.redirect_config, config, listener_, issues_).run();
    }
    refuse("RedirectConfig", action_.redirect_config.has_value());
    if (!action_.fixed_response_config) return missing("FixedResponseConfig");
    validate_fixed_response(*action_.fixed_response_config, path_.at("FixedResponseConfig"),
                            issues_);
  }

 private:
  void check_order() {
    if (!action_.order || (*action_.order >= 1 && *action_.order <= 50000)) return;
    issues_.error(path_.at("Order"),
                  fmt::format("Order must be a number from 1 to 50000, not {}", *action_.order));
  }
  void forward() {
    if (action_.target_group && action_.forward_config) {
      issues_.error_at_key(path_.at("ForwardConfig"),
                           "TargetGroup is short for a ForwardConfig with one group: give one of "
                           "the two");
      return;
    }
    if (action_.target_group) return names_(path_.at("TargetGroup"), *action_.target_group);
    if (!action_.forward_config) return missing("TargetGroup or ForwardConfig");
    const Path config = path_.at("ForwardConfig");
    validate_forward_config(*action_.forward_config, listener_.quotas.action_target_groups, config,
                            names_, issues_);
  }
  void unknown_type() {
    static constexpr std::array<string_view, 3> types{"forward", "redirect", "fixed-response"};
    issues_.error(path_.at("Type"),
                  action_.type.empty()
                      ? "Type is missing: " + one_of(types)
                      : fmt::format("Type must be {}, not '{}'{}", one_of(types), action_.type,
                                    did_you_mean(action_.type, types)));
  }
  void missing(string_view member) {
    issues_.error(path_, fmt::format("an action of Type {} needs {}", action_.type, member));
  }
  void refuse(string_view member, bool given) {
    if (!given) return;
    issues_.error_at_key(path_.at(member), fmt::format("{} does not belong to an action of Type {}",
                                                       member, action_.type));
  }

  const api::Action& action_;
  const Path& path_;
  const ListenerView& listener_;
  const NameSink& names_;
  Issues& issues_;
};

}  // namespace

void validate_actions(const std::vector<api::Action>& actions, const Path& parent,
                      string_view member, const ListenerView& listener, const NameSink& names,
                      Issues& issues) {
  if (actions.size() != 1) {
    issues.error(
        parent.at(member),
        actions.empty()
            ? fmt::format("{} is missing: exactly one forward, redirect or fixed-response", member)
            : fmt::format("{} must hold exactly one forward, redirect or fixed-response, "
                          "not {}",
                          member, actions.size()),
        actions.empty() ? IssueKind::other : IssueKind::too_many_actions);
  }
  for (size_t i = 0; i < actions.size(); ++i) {
    const Path path = parent.at(member, i);
    ActionCheck(actions[i], path, listener, names, issues).run();
  }
}

}  // namespace daruma::control
