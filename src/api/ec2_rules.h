// SPDX-License-Identifier: Apache-2.0
//
// EC2's operations on the rules of security groups: they are kept with the group and shown, for the
// scripts that make them; nothing filters by them. All the rules that a request names, or none.
// Pure.
#pragma once

#include "api/ec2_inventory.h"
#include "model/limits.h"

namespace daruma::api::ec2 {

// Of all security groups together, since each change copies them.
inline constexpr size_t rules_max = 2 * model::limits::inventory_items_max;
// For `more` of them; the error's code.
Expected<void> check_rules_room(const shapes::Inventory& all, size_t more, const char* code);

Expected<void> authorize_ingress(InventoryCall& call);
Expected<void> authorize_egress(InventoryCall& call);
Expected<void> revoke_ingress(InventoryCall& call);
Expected<void> revoke_egress(InventoryCall& call);
Expected<void> describe_ingress_anew(InventoryCall& call);
Expected<void> describe_egress_anew(InventoryCall& call);

// By GroupId, or by GroupName in the node's own VPC; not the node's own.
Expected<shapes::SecurityGroup*> find_group(InventoryCall& call, const std::string& id,
                                            const std::string& name);

}  // namespace daruma::api::ec2
