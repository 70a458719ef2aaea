// SPDX-License-Identifier: Apache-2.0
//
// What EC2's operations that change the inventory share. Pure.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "api/ec2_inventory.h"
#include "model/limits.h"

namespace daruma::api::ec2 {

inline shapes::Inventory& inventory(InventoryCall& call) {
  return call.catalog.created().inventory;
}

// Of something new: "vpc-0…".
inline shapes::Identity identity_of(const InventoryCall& call, std::string_view prefix,
                                    shapes::Tags tags) {
  return {.id = fmt::format("{}-0{}", prefix, make_id()),
          .created = call.node.now(),
          .tags = std::move(tags)};
}

// For one more of `count`; the error's code.
inline Expected<void> check_room(size_t count, const char* code) {
  if (count < model::limits::inventory_items_max) return {};
  return refuse(code, fmt::format("There are {} already, and no more can be", count));
}

template <class Item>
void erase_id(std::vector<Item>& items, std::string_view id) {
  std::erase_if(items, [id](const Item& each) { return each.identity.id == id; });
}

inline void done(InventoryCall& call) {
  call.out.element("return", "true");
}

}  // namespace daruma::api::ec2
