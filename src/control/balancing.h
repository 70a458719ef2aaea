// SPDX-License-Identifier: Apache-2.0
//
// The attributes that say how a target group's requests are shared out: what of them goes together
// (AWS, "Edit target group attributes for your Application Load Balancer"), and their compiled
// form. Pure.
#pragma once

#include "control/issues.h"
#include "model/balancing.h"
#include "model/resources.h"

namespace daruma::control {

// Each by itself is known to be good, or reported already.
void validate_balancing(const model::api::TargetGroup& group, const Path& path, Issues& issues);

// Of load_balancing.cross_zone.enabled, which needs to know the node's zone.
void validate_zones(const model::api::Resources& resources, const model::api::TargetGroup& group,
                    const Path& path, Issues& issues);

// REQUIRES: valid attributes.
model::Balancing balancing_of(const model::api::TargetGroup& group);

}  // namespace daruma::control
