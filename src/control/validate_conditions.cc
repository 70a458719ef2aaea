// SPDX-License-Identifier: Apache-2.0
#include "control/validate_conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "control/condition_values.h"
#include "control/suggestion.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

struct Field {
  string_view name;
  string_view config;  // the member that holds its values
  bool short_form;     // Values may stand in the condition itself
  std::optional<std::vector<std::string>> api::RuleCondition::*values;
  std::string (*check)(string_view);
};
constexpr Field fields[] = {
    {"host-header", "HostHeaderConfig", true, &api::RuleCondition::host_header_config,
     check_host_pattern},
    {"path-pattern", "PathPatternConfig", true, &api::RuleCondition::path_pattern_config,
     check_path_pattern},
    {"http-request-method", "HttpRequestMethodConfig", false,
     &api::RuleCondition::http_request_method_config, check_method},
};

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
    const auto field = std::ranges::find(fields, string_view(condition_.field), &Field::name);
    if (field == std::end(fields)) return unknown_field();
    if (!totals.fields.insert(field->name).second) {
      issues_.error(
          path_.at("Field"),
          fmt::format("a rule has at most one {} condition; put all values into one", field->name));
    }
    if (!has_values_of_another(*field)) check(*field, totals);
  }

 private:
  void unknown_field() {
    static constexpr std::array<string_view, 6> all{"path-pattern", "host-header",
                                                    "http-header",  "http-request-method",
                                                    "query-string", "source-ip"};
    issues_.error(path_.at("Field"),
                  condition_.field.empty()
                      ? "Field is missing: host-header, path-pattern or another"
                      : fmt::format("Condition field '{}' must be one of '[path-pattern,"
                                    "host-header,http-header,http-request-method,query-string,"
                                    "source-ip]'{}",
                                    condition_.field, did_you_mean(condition_.field, all)));
  }

  bool has_values_of_another(const Field& field) {
    bool any = false;
    for (const Field& other : fields) {
      if (&other == &field || !(condition_.*other.values)) continue;
      issues_.error_at_key(path_.at(other.config),
                           fmt::format("{} belongs to Field {}, not {}", other.config, other.name,
                                       condition_.field));
      any = true;
    }
    return any;
  }

  void check(const Field& field, RuleTotals& totals) {
    const auto& config = condition_.*field.values;
    if (condition_.values && config) {
      issues_.error_at_key(path_.at(field.config),
                           fmt::format("You cannot provide both Values and '{}' for a condition of "
                                       "type '{}'",
                                       field.config, field.name));
      return;
    }
    if (condition_.values && !field.short_form) {
      issues_.error_at_key(path_.at("Values"),
                           fmt::format("the values of Field {} stand in {}: {{Values: [...]}}",
                                       field.name, field.config));
      return;
    }
    if (condition_.values) return check_values(field, *condition_.values, path_, totals);
    if (config) return check_values(field, *config, path_.at(field.config), totals);
    issues_.error(path_.at(field.short_form ? "Values" : field.config),
                  "A condition value must be specified");
  }

  void check_values(const Field& field, const std::vector<std::string>& values, const Path& parent,
                    RuleTotals& totals) {
    if (values.empty()) {
      issues_.error(parent.at("Values"), "A condition value must be specified");
    }
    for (size_t i = 0; i < values.size(); ++i) {
      const std::string message = field.check(values[i]);
      if (!message.empty()) issues_.error(parent.at("Values", i), message);
      totals.wildcards += wildcards_in(values[i]);
      warn_if_pointless(field, values[i], parent.at("Values", i));
    }
    totals.values += values.size();
  }

  // A path begins with '/', so a pattern that cannot begin so matches nothing.
  void warn_if_pointless(const Field& field, string_view value, const Path& where) {
    if (field.check != check_path_pattern || value.empty()) return;
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
