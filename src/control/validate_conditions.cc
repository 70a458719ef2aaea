// SPDX-License-Identifier: Apache-2.0
#include "control/validate_conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "control/condition_values.h"
#include "control/suggestion.h"
#include "http/message.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using std::string_view;

using Texts = std::vector<std::string>;

struct Field {
  string_view name;
  string_view config;  // the member that holds its values
  bool short_form;     // Values may stand in the condition itself
  bool several;        // a rule may have more than one such condition
  bool regexes;
  std::optional<api::ConditionConfig> api::RuleCondition::*texts;  // null: query-string
  std::string (*check)(string_view);
};
constexpr Field fields[] = {
    {"host-header", "HostHeaderConfig", true, false, true, &api::RuleCondition::host_header_config,
     check_host_pattern},
    {"path-pattern", "PathPatternConfig", true, false, true,
     &api::RuleCondition::path_pattern_config, check_path_pattern},
    {"http-header", "HttpHeaderConfig", false, true, true, &api::RuleCondition::http_header_config,
     check_header_pattern},
    {"http-request-method", "HttpRequestMethodConfig", false, false, false,
     &api::RuleCondition::http_request_method_config, check_method},
    {"query-string", "QueryStringConfig", false, true, false, nullptr, check_query_value},
    {"source-ip", "SourceIpConfig", false, false, false, &api::RuleCondition::source_ip_config,
     check_source_ip},
};

// What one rule's conditions add up to.
struct RuleTotals {
  size_t values = 0;
  size_t wildcards = 0;
  std::set<string_view> fields;
};

class ConditionCheck {
 public:
  ConditionCheck(const api::RuleCondition& condition, const Path& path, RuleTotals& totals,
                 Issues& issues)
      : condition_(condition), path_(path), totals_(totals), issues_(issues) {}

  void run() {
    const auto field = std::ranges::find(fields, string_view(condition_.field), &Field::name);
    if (field == std::end(fields)) return unknown_field();
    // Of those that are negated, which an ALB does not know, a rule may have any number.
    const bool counts = !field->several && !condition_.negate.value_or(false);
    if (counts && !totals_.fields.insert(field->name).second) {
      issues_.error(
          path_.at("Field"),
          fmt::format("a rule has at most one {} condition; put all values into one", field->name));
    }
    if (!has_values_of_another(*field)) check(*field);
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

  bool has_config(const Field& field) const {
    return field.texts ? (condition_.*field.texts).has_value()
                       : condition_.query_string_config.has_value();
  }

  bool has_values_of_another(const Field& field) {
    bool any = false;
    for (const Field& other : fields) {
      if (&other == &field || !has_config(other)) continue;
      issues_.error_at_key(path_.at(other.config),
                           fmt::format("{} belongs to Field {}, not {}", other.config, other.name,
                                       condition_.field));
      any = true;
    }
    return any;
  }

  void check(const Field& field) {
    const bool values = condition_.values.has_value();
    if (values || condition_.regex_values) {
      const string_view member = values ? "Values" : "RegexValues";
      if (has_config(field)) return refuse_both(field, member);
      if (!field.short_form) return refuse_short_form(field, member);
      return check_texts(field, condition_.values, condition_.regex_values, path_);
    }
    if (!has_config(field)) {
      issues_.error(path_.at(field.short_form ? "Values" : field.config),
                    "A condition value must be specified");
      return;
    }
    const Path config = path_.at(field.config);
    if (!field.texts) return check_pairs(config);
    const api::ConditionConfig& texts = *(condition_.*field.texts);
    if (field.check == check_header_pattern) check_name(texts, config);
    check_texts(field, texts.values, texts.regex_values, config);
  }

  void refuse_both(const Field& field, string_view member) {
    issues_.error_at_key(path_.at(field.config),
                         fmt::format("You cannot provide both {} and '{}' for a condition of "
                                     "type '{}'",
                                     member, field.config, field.name));
  }

  void refuse_short_form(const Field& field, string_view member) {
    const string_view example = field.check == check_header_pattern
                                    ? "HttpHeaderName: ..., Values: [...]"
                                : field.texts ? "Values: [...]"
                                              : "Values: [{Key: ..., Value: ...}]";
    issues_.error_at_key(path_.at(member), fmt::format("the values of Field {} stand in {}: {{{}}}",
                                                       field.name, field.config, example));
  }

  void check_name(const api::ConditionConfig& config, const Path& path) {
    const Path where = path.at("HttpHeaderName");
    const std::string name = config.http_header_name.value_or("");
    const std::string message = check_header_name(name);
    if (!message.empty()) issues_.error(where, message);
    // Only Daruma says that, and to targets.
    if (http::field_id_of(name) == http::FieldId::x_amzn_mtls_clientcert) {
      issues_.warning(where, fmt::format("no request has {}: what clients send under this name is "
                                         "removed before rules are looked at",
                                         name));
    }
  }

  void check_texts(const Field& field, const std::optional<Texts>& values,
                   const std::optional<Texts>& regexes, const Path& parent) {
    if (values && regexes) {
      issues_.error_at_key(parent.at("RegexValues"),
                           "You cannot provide both Values and RegexValues for a condition; make "
                           "two rules, or regular expressions of all");
      return;
    }
    const string_view member = regexes ? "RegexValues" : "Values";
    const Texts& texts = regexes ? *regexes : values ? *values : none_;
    if (texts.empty()) {
      issues_.error(parent.at(member), field.check == check_source_ip
                                           ? "A 'source-ip' value must be specified"
                                           : "A condition value must be specified");
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      const Path where = parent.at(member, i);
      if (report(where, regexes ? check_regex(texts[i]) : field.check(texts[i])) || regexes) {
        continue;
      }
      totals_.wildcards += wildcards_in(texts[i], routing::Escapes::none);
      warn_if_pointless(field, texts[i], where);
    }
    totals_.values += texts.size();
  }

  void check_pairs(const Path& config) {
    const auto& pairs = *condition_.query_string_config;
    if (pairs.empty()) issues_.error(config.at("Values"), "A condition value must be specified");
    for (size_t i = 0; i < pairs.size(); ++i) {
      const Path pair = config.at("Values", i);
      if (pairs[i].key) check_query_text(*pairs[i].key, check_query_key, pair.at("Key"));
      check_query_text(pairs[i].value.value_or(""), check_query_value, pair.at("Value"));
    }
    totals_.values += pairs.size();
  }

  void check_query_text(const std::string& text, std::string (*wrong_with)(string_view),
                        const Path& where) {
    report(where, wrong_with(text));
    totals_.wildcards += wildcards_in(text, routing::Escapes::backslash);
  }

  bool report(const Path& where, const std::string& message) {
    if (!message.empty()) issues_.error(where, message);
    return !message.empty();
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
  RuleTotals& totals_;
  Issues& issues_;
  const Texts none_;
};

}  // namespace

void validate_conditions(const api::Rule& rule, const Quotas& quotas, const Path& path,
                         Issues& issues) {
  const Path conditions = path.at("Conditions");
  if (rule.conditions.empty()) {
    issues.error(conditions, "a rule needs at least one condition in Conditions");
  }
  RuleTotals totals;
  for (size_t i = 0; i < rule.conditions.size(); ++i) {
    const Path condition = path.at("Conditions", i);
    ConditionCheck(rule.conditions[i], condition, totals, issues).run();
  }
  if (totals.values > static_cast<size_t>(quotas.condition_values)) {
    issues.error(conditions,
                 fmt::format("a rule has at most {} condition values, not {}; raise the load "
                             "balancer's daruma.quota.condition_values_per_rule for more",
                             quotas.condition_values, totals.values));
  }
  if (totals.wildcards > static_cast<size_t>(quotas.condition_wildcards)) {
    issues.error(conditions,
                 fmt::format("a rule has at most {} wildcards (* and ?) in its conditions, not {}; "
                             "raise the load balancer's "
                             "daruma.quota.condition_wildcards_per_rule for more",
                             quotas.condition_wildcards, totals.wildcards));
  }
}

namespace {

template <class T>
model::Condition texts_condition(T made, const std::optional<Texts>& values,
                                 const std::optional<Texts>& regexes, bool negate) {
  made.values = values.value_or(Texts());
  made.regexes = regexes.value_or(Texts());
  return {std::move(made), negate};
}

model::SourceIpCondition source_ip(const Texts& values) {
  model::SourceIpCondition condition;
  for (const std::string& value : values) {
    const auto range = CidrRange::parse(value);
    DARUMA_ASSERT(range.has_value());
    condition.values.push_back(*range);
  }
  return condition;
}

}  // namespace

model::Condition compile_condition(const api::RuleCondition& from) {
  const bool negate = from.negate.value_or(false);
  if (from.http_request_method_config) {
    return {model::HttpRequestMethodCondition{from.http_request_method_config->values.value()},
            negate};
  }
  if (from.source_ip_config) return {source_ip(from.source_ip_config->values.value()), negate};
  if (from.query_string_config) {
    model::QueryStringCondition query;
    for (const auto& pair : *from.query_string_config) {
      query.values.push_back({pair.key, pair.value.value()});
    }
    return {std::move(query), negate};
  }
  if (from.http_header_config) {
    const api::ConditionConfig& config = *from.http_header_config;
    return texts_condition(model::HttpHeaderCondition{config.http_header_name.value(), {}},
                           config.values, config.regex_values, negate);
  }
  const bool path = from.field == "path-pattern";
  const auto& config = path ? from.path_pattern_config : from.host_header_config;
  const auto& values = config ? config->values : from.values;
  const auto& regexes = config ? config->regex_values : from.regex_values;
  if (path) return texts_condition(model::PathPatternCondition{}, values, regexes, negate);
  std::optional<Texts> lower = values;
  if (lower) {
    for (std::string& value : *lower) value = ascii_lowered(value);
  }
  return texts_condition(model::HostHeaderCondition{}, lower, regexes, negate);
}

}  // namespace daruma::control
