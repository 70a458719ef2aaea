// SPDX-License-Identifier: Apache-2.0
//
// Attributes of VPCs and subnets that scripts set on their way to a load balancer: kept and shown,
// without further effect. Pure.
#pragma once

#include <string>

#include "api/ec2_inventory.h"
#include "api/ec2_items.h"

namespace daruma::api::ec2 {

// One attribute at a time, as at AWS.
Expected<void> modify_vpc_attribute(InventoryCall& call);
Expected<void> modify_subnet_attribute(InventoryCall& call);
// The answer's elements.
Expected<std::string> describe_vpc_attribute(const Parameter& parameters, const Whole& whole);

}  // namespace daruma::api::ec2
