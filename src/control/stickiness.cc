// SPDX-License-Identifier: Apache-2.0
#include "control/stickiness.h"

#include <fmt/format.h>

#include "control/attributes.h"
#include "control/validate_values.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using model::StickinessType;
using std::string_view;

constexpr string_view type_key = "stickiness.type";
constexpr string_view name_key = "stickiness.app_cookie.cookie_name";

string_view text_of(const api::TargetGroup& group, string_view key) {
  return attribute_text(AttributeScope::target_group, group.attributes, key);
}

StickinessType type_of(const api::TargetGroup& group) {
  if (text_of(group, "stickiness.enabled") != "true") return StickinessType::off;
  return text_of(group, type_key) == "app_cookie" ? StickinessType::app_cookie
                                                  : StickinessType::lb_cookie;
}

void validate_config(const api::TargetGroupStickinessConfig& config, const Path& path,
                     Issues& issues) {
  const Path duration = path.at("DurationSeconds");
  validate_number(config.duration_seconds, limits::stickiness_seconds, path, "DurationSeconds",
                  issues);
  if (!config.enabled && config.duration_seconds) {
    issues.error(path.at("Enabled"), "Enabled is missing: true or false");
  } else if (config.enabled == true && !config.duration_seconds) {
    issues.error(duration, "DurationSeconds is missing: a number from 1 to 604800");
  }
}

}  // namespace

void validate_stickiness(const api::TargetGroup& group, const Path& path, Issues& issues) {
  const StickinessType type = type_of(group);
  if (type == StickinessType::off) return;
  const Path attributes = path.at("Attributes");
  if (type == StickinessType::app_cookie && text_of(group, name_key).empty()) {
    issues.error(attributes.at(type_key),
                 fmt::format("stickiness by app_cookie needs {}: the cookie by which the targets "
                             "begin a session",
                             name_key));
  }
  const auto conflicts = [&](string_view key, string_view value) {
    if (text_of(group, key) != value) return;
    if (check_attribute(AttributeScope::target_group, key, value)) return;  // said already
    issues.error(attributes.at(key),
                 fmt::format("'{}' value '{}' does not go together with sticky sessions; set "
                             "stickiness.enabled to false, or this to another value",
                             key, value));
  };
  conflicts("load_balancing.algorithm.type", "weighted_random");
  conflicts("load_balancing.cross_zone.enabled", "false");
}

model::Stickiness compile_stickiness(const api::TargetGroup& group) {
  model::Stickiness stickiness;
  stickiness.type = type_of(group);
  if (stickiness.type == StickinessType::off) return stickiness;
  const bool application = stickiness.type == StickinessType::app_cookie;
  stickiness.duration =
      std::chrono::seconds(attribute_number(AttributeScope::target_group, group.attributes,
                                            application ? "stickiness.app_cookie.duration_seconds"
                                                        : "stickiness.lb_cookie.duration_seconds"));
  if (application) stickiness.app_cookie_name = text_of(group, name_key);
  return stickiness;
}

void StickyGroups::add(const api::TargetGroup& group) {
  const StickinessType type = type_of(group);
  if (type != StickinessType::off) types_.emplace(group.name, type);
}

void StickyGroups::validate(const std::vector<api::Action>& actions, const Path& parent,
                            string_view member, Issues& issues) const {
  for (size_t i = 0; i < actions.size(); ++i) {
    if (!actions[i].forward_config) continue;
    const Path action = parent.at(member, i);
    validate(actions[i], action.at("ForwardConfig"), issues);
  }
}

void StickyGroups::validate(const api::Action& action, const Path& config, Issues& issues) const {
  bool enabled = false;
  if (action.stickiness_config) {
    enabled = action.stickiness_config->enabled.value_or(false);
    validate_config(*action.stickiness_config, config.at("TargetGroupStickinessConfig"), issues);
  }
  if (action.forward_config->size() < 2) return;
  for (size_t i = 0; i < action.forward_config->size(); ++i) {
    const std::string& name = (*action.forward_config)[i].target_group;
    const auto found = types_.find(name);
    if (found == types_.end()) continue;
    const Path tuple = config.at("TargetGroups", i);
    if (found->second == StickinessType::app_cookie) {
      issues.error(tuple.at("TargetGroup"),
                   fmt::format("target group '{}' has stickiness by app_cookie, which does not go "
                               "together with other target groups in one action; use lb_cookie",
                               name));
    } else if (!enabled) {
      issues.error(tuple.at("TargetGroup"),
                   fmt::format("You must enable group stickiness on a rule if you enabled target "
                               "stickiness on one of its target groups: '{}' has it; add "
                               "TargetGroupStickinessConfig: {{Enabled: true, DurationSeconds: …}}",
                               name));
    }
  }
}

}  // namespace daruma::control
