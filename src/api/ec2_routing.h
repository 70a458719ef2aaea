// SPDX-License-Identifier: Apache-2.0
//
// EC2's internet gateways and route tables, as far as scripts make them on their way to a load
// balancer: names like the rest of the inventory; nothing is routed by them. Pure.
#pragma once

#include "api/ec2_inventory.h"

namespace daruma::api::ec2 {

Expected<void> create_internet_gateway(InventoryCall& call);
Expected<void> attach_internet_gateway(InventoryCall& call);
Expected<void> detach_internet_gateway(InventoryCall& call);
Expected<void> delete_internet_gateway(InventoryCall& call);
Expected<void> create_route_table(InventoryCall& call);
Expected<void> delete_route_table(InventoryCall& call);
Expected<void> create_route(InventoryCall& call);
Expected<void> delete_route(InventoryCall& call);
Expected<void> associate_route_table(InventoryCall& call);
Expected<void> disassociate_route_table(InventoryCall& call);

}  // namespace daruma::api::ec2
