// SPDX-License-Identifier: Apache-2.0
//
// EC2's CreateTags and DeleteTags, of what the inventory has: all the resources that are named, or
// none. Pure.
#pragma once

#include "api/ec2_inventory.h"

namespace daruma::api::ec2 {

Expected<void> create_tags(InventoryCall& call);
// Without tags, all; one with a value goes only if it has that value.
Expected<void> delete_tags(InventoryCall& call);

}  // namespace daruma::api::ec2
