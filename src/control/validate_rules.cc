// SPDX-License-Identifier: Apache-2.0
#include "control/validate_rules.h"

#include <fmt/format.h>

#include <map>

#include "control/validate_conditions.h"
#include "control/validate_transforms.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;

void validate_priority(const api::Rule& rule, const Path& path, std::map<int64_t, size_t>& seen,
                       size_t index, Issues& issues) {
  if (!rule.priority) {
    issues.error(path.at("Priority"), "Priority is missing: a number from 1 to 50000");
    return;
  }
  const int64_t priority = *rule.priority;
  if (priority < limits::rule_priority.least || priority > limits::rule_priority.most) {
    issues.error(path.at("Priority"),
                 fmt::format("Priority must be a number from {} to {}, not {}",
                             limits::rule_priority.least, limits::rule_priority.most, priority));
  } else if (!seen.emplace(priority, index).second) {
    issues.error(path.at("Priority"),
                 fmt::format("Priority '{}' was provided multiple times", priority));
  }
}

}  // namespace

void validate_rules(const std::vector<api::Rule>& rules, const Path& listener_path,
                    const ListenerView& listener, const NameSink& names, Issues& issues) {
  std::map<int64_t, size_t> priorities;
  for (size_t i = 0; i < rules.size(); ++i) {
    const Path path = listener_path.at("Rules", i);
    validate_priority(rules[i], path, priorities, i, issues);
    validate_conditions(rules[i], listener.quotas, path, issues);
    validate_actions(rules[i].actions, path, "Actions", listener, names, issues);
    validate_transforms(rules[i], path, issues);
  }
}

}  // namespace daruma::control
