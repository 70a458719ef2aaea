// SPDX-License-Identifier: Apache-2.0
//
// AWS's constraints on names, ranges, counts and combinations, and what of ALB this release has:
// one set of checks for every way resources come in. Pure.
//
// Messages are AWS's own where clients are known to read them.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "control/issues.h"
#include "model/resources.h"

namespace daruma::control {

struct ValidationContext {
  // Whether a listener can be served with this policy, or why not.
  std::function<Result<void>(std::string_view name)> check_ssl_policy;
  // Some target group, certificate or trust store has no readable name: references to unknown ones
  // are not reported, since the reference is hardly the mistake.
  bool target_group_names_incomplete = false;
  bool certificate_names_incomplete = false;
  bool trust_store_names_incomplete = false;
};

void validate(const model::api::Resources& resources, const ValidationContext& context,
              Issues& issues);

}  // namespace daruma::control
