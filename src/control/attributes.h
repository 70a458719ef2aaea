// SPDX-License-Identifier: Apache-2.0
//
// The table of attribute keys that ALB knows (elbv2 LoadBalancerAttribute, TargetGroupAttribute,
// ListenerAttribute): value, default, and whether this release has it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/resources.h"

namespace daruma::control {

enum class AttributeScope : uint8_t { load_balancer, target_group, listener };

struct AttributeProblem {
  bool at_key = false;  // the key is wrong, not the value
  std::string message;
  bool of_other_types = false;  // network load balancers have it
};

// Nullopt if the key is known and the value is one that this release serves.
std::optional<AttributeProblem> check_attribute(AttributeScope scope, std::string_view key,
                                                std::string_view value);

// Every key of the scope that load balancers of type application have, in the table's order.
std::vector<std::string_view> attribute_keys(AttributeScope scope);

// The value given, or ALB's default. REQUIRES: a known key of the scope; checked attributes.
std::string_view attribute_text(AttributeScope scope, const model::api::Attributes& attributes,
                                std::string_view key);
bool attribute_flag(AttributeScope scope, const model::api::Attributes& attributes,
                    std::string_view key);
int64_t attribute_number(AttributeScope scope, const model::api::Attributes& attributes,
                         std::string_view key);

}  // namespace daruma::control
