// SPDX-License-Identifier: Apache-2.0
#include "control/quotas.h"

#include <string_view>

#include "control/attributes.h"

namespace daruma::control {
namespace {

int64_t quota(AttributeScope scope, const model::api::Attributes& attributes,
              std::string_view key) {
  const auto given = attributes.find(std::string(key));
  const bool good = given == attributes.end() || !check_attribute(scope, key, given->second);
  return attribute_number(scope, good ? attributes : model::api::Attributes(), key);
}

}  // namespace

Quotas Quotas::of(const model::api::LoadBalancer& balancer) {
  const auto number = [&balancer](std::string_view key) {
    return quota(AttributeScope::load_balancer, balancer.attributes, key);
  };
  return {.rules = number("daruma.quota.rules"),
          .condition_values = number("daruma.quota.condition_values_per_rule"),
          .condition_wildcards = number("daruma.quota.condition_wildcards_per_rule"),
          .action_target_groups = number("daruma.quota.target_groups_per_action"),
          .listeners = number("daruma.quota.listeners"),
          .certificates = number("daruma.quota.certificates_per_listener"),
          .target_groups = number("daruma.quota.target_groups")};
}

int64_t targets_quota(const model::api::TargetGroup& group) {
  return quota(AttributeScope::target_group, group.attributes, "daruma.quota.targets");
}

}  // namespace daruma::control
