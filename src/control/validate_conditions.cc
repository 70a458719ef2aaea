// SPDX-License-Identifier: Apache-2.0
#include "control/validate_conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/bytes.h"
#include "control/suggestion.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

bool is_alpha(char c) {
  return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}
bool is_alnum(char c) {
  return is_alpha(c) || (c >= '0' && c <= '9');
}

size_t wildcards_in(string_view value) {
  return static_cast<size_t>(
      std::ranges::count_if(value, [](char c) { return c == '*' || c == '?'; }));
}

// "" if good.
std::string check_host_value(string_view value) {
  constexpr string_view allowed = "-.*?";
  for (const char c : value) {
    if (!is_alnum(c) && allowed.find(c) == string_view::npos) {
      return fmt::format(
          "host-header value '{}' has '{}' in it; allowed are letters, digits and "
          "- . * ?",
          value, c);
    }
  }
  const size_t dot = value.rfind('.');
  if (dot == string_view::npos) {
    return fmt::format("host-header value '{}' must have a '.' in it, as in *.example.com", value);
  }
  const string_view top = value.substr(dot + 1);
  if (top.empty() || !std::ranges::all_of(top, is_alpha)) {
    return fmt::format("host-header value '{}' may have only letters after the last '.'", value);
  }
  return "";
}

std::string check_path_value(string_view value) {
  constexpr string_view allowed = "_-.$/~\"'@:+&*?";
  for (const char c : value) {
    if (!is_alnum(c) && allowed.find(c) == string_view::npos) {
      return fmt::format(
          "path-pattern value '{}' has '{}' in it; allowed are letters, digits and "
          "_ - . $ / ~ \" ' @ : + & * ?",
          value, c);
    }
  }
  return "";
}

struct Field {
  string_view name;
  string_view config;
  std::string (*check)(string_view);
};
constexpr Field host_header{"host-header", "HostHeaderConfig", check_host_value};
constexpr Field path_pattern{"path-pattern", "PathPatternConfig", check_path_value};

// What one rule's conditions add up to.
struct RuleTotals {
  size_t values = 0;
  size_t wildcards = 0;
  std::set<string_view> fields;
};

class ConditionCheck {
 public:
  ConditionCheck(const api::RuleCondition& condition, const Path& path, Issues& issues)
      : condition_(condition), path_(path), issues_(issues) {}

  void run(RuleTotals& totals) {
    if (condition_.field == host_header.name) {
      check(host_header, condition_.host_header_config, totals);
      refuse_other(condition_.path_pattern_config.has_value(), path_pattern);
    } else if (condition_.field == path_pattern.name) {
      check(path_pattern, condition_.path_pattern_config, totals);
      refuse_other(condition_.host_header_config.has_value(), host_header);
    } else {
      issues_.error(path_.at("Field"),
                    condition_.field.empty()
                        ? "Field is missing: host-header or path-pattern"
                        : fmt::format("Condition field '{}' must be one of '[path-pattern,"
                                      "host-header,http-header,http-request-method,query-string,"
                                      "source-ip]'{}",
                                      condition_.field, did_you_mean(condition_.field, known)));
    }
  }

 private:
  static constexpr std::array<string_view, 2> known{host_header.name, path_pattern.name};

  void refuse_other(bool given, const Field& other) {
    if (!given) return;
    issues_.error_at_key(
        path_.at(other.config),
        fmt::format("{} belongs to Field {}, not {}", other.config, other.name, condition_.field));
  }

  void check(const Field& field, const std::optional<std::vector<std::string>>& config,
             RuleTotals& totals) {
    if (!totals.fields.insert(field.name).second) {
      issues_.error(
          path_.at("Field"),
          fmt::format("a rule has at most one {} condition; put all values into one", field.name));
    }
    if (condition_.values && config) {
      issues_.error_at_key(path_.at(field.config),
                           fmt::format("You cannot provide both Values and '{}' for a condition of "
                                       "type '{}'",
                                       field.config, field.name));
      return;
    }
    if (condition_.values) return check_values(field, *condition_.values, path_, totals);
    if (config) return check_values(field, *config, path_.at(field.config), totals);
    issues_.error(path_.at("Values"), "A condition value must be specified");
  }

  void check_values(const Field& field, const std::vector<std::string>& values, const Path& parent,
                    RuleTotals& totals) {
    if (values.empty()) {
      issues_.error(parent.at("Values"), "A condition value must be specified");
    }
    for (size_t i = 0; i < values.size(); ++i) {
      const std::string message = check_value(field, values[i]);
      if (!message.empty()) issues_.error(parent.at("Values", i), message);
      totals.wildcards += wildcards_in(values[i]);
      warn_if_pointless(field, values[i], parent.at("Values", i));
    }
    totals.values += values.size();
  }

  static std::string check_value(const Field& field, string_view value) {
    if (value.empty()) return "A condition value must be specified";
    if (value.size() > limits::condition_value_bytes_max) {
      return fmt::format("The '{}' value is too long; the limit is '{}'", field.name,
                         limits::condition_value_bytes_max);
    }
    return field.check(value);
  }

  // A path begins with '/', so a pattern that cannot begin so matches nothing.
  void warn_if_pointless(const Field& field, string_view value, const Path& where) {
    if (field.name != path_pattern.name || value.empty()) return;
    if (value[0] == '/' || value[0] == '*' || value[0] == '?') return;
    issues_.warning(where, fmt::format("path-pattern '{}' matches nothing: every path begins with "
                                       "'/'",
                                       value));
  }

  const api::RuleCondition& condition_;
  const Path& path_;
  Issues& issues_;
};

}  // namespace

void validate_conditions(const api::Rule& rule, const Path& path, Issues& issues) {
  if (rule.conditions.empty()) {
    issues.error(path.at("Conditions"), "a rule needs at least one condition in Conditions");
  }
  RuleTotals totals;
  for (size_t i = 0; i < rule.conditions.size(); ++i) {
    const Path condition = path.at("Conditions", i);
    ConditionCheck(rule.conditions[i], condition, issues).run(totals);
  }
  if (totals.values > limits::condition_values_per_rule_max) {
    issues.error(path.at("Conditions"),
                 fmt::format("a rule has at most {} condition values, not {}",
                             limits::condition_values_per_rule_max, totals.values));
  }
  if (totals.wildcards > limits::condition_wildcards_per_rule_max) {
    issues.error(path.at("Conditions"),
                 fmt::format("a rule has at most {} wildcards (* and ?) in its conditions, not {}",
                             limits::condition_wildcards_per_rule_max, totals.wildcards));
  }
}

}  // namespace daruma::control
