// SPDX-License-Identifier: Apache-2.0
//
// The network that a node shows to clients which must name one: one VPC with one subnet and one
// security group that lets everything through, and whatever else was made by EC2's operations
// (api/ec2_inventory). A node's listeners bind to its own addresses (Node.Addresses); nothing here
// filters packets.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "control/arns.h"
#include "model/resources.h"

namespace daruma::api {

inline constexpr std::string_view default_vpc = "vpc-0da00000000000001";
inline constexpr std::string_view default_subnet = "subnet-0da00000000000001";
inline constexpr std::string_view default_security_group = "sg-0da00000000000001";
// Of that group, each letting everything through.
inline constexpr std::string_view default_ingress_rule = "sgr-0da00000000000002";
inline constexpr std::string_view default_egress_rule = "sgr-0da00000000000001";
// What AWS answers for us-east-1; nobody's DNS zone here.
inline constexpr std::string_view hosted_zone = "Z35SXDOTRQ7X7K";

// Of the node itself.
inline std::string zone_of(const model::api::Node& node) {
  return node.availability_zone.empty() ? std::string(control::region) + "a"
                                        : node.availability_zone;
}

// In a list of the inventory, by id; null if there is none.
template <class List>
auto find_by_id(List& list, std::string_view id) -> decltype(list.data()) {
  for (auto& each : list) {
    if (each.identity.id == id) return &each;
  }
  return nullptr;
}

// What AWS gives a security group that is made. Its id is always the same, so that it need not be
// kept to be known again.
inline model::api::SecurityGroupRule everything_goes_out(const model::api::Identity& group) {
  const std::string_view id = group.id;
  return {.protocol = "-1",
          .peer = "0.0.0.0/0",
          .identity = {.id = "sgr-" + std::string(id.substr(std::min<size_t>(3, id.size()))),
                       .created = group.created,
                       .tags = {}}};
}

// Where a subnet or a security group is, the node's own included; nullopt if there is none.
struct SubnetPlace {
  std::string vpc;
  std::string zone;
};
inline std::optional<SubnetPlace> place_of_subnet(const model::api::Inventory& inventory,
                                                  const model::api::Node& node,
                                                  std::string_view id) {
  if (id == default_subnet) return SubnetPlace{std::string(default_vpc), zone_of(node)};
  const auto* subnet = find_by_id(inventory.subnets, id);
  if (subnet == nullptr) return std::nullopt;
  return SubnetPlace{subnet->vpc, subnet->availability_zone};
}
inline std::optional<std::string> vpc_of_security_group(const model::api::Inventory& inventory,
                                                        std::string_view id) {
  if (id == default_security_group) return std::string(default_vpc);
  const auto* group = find_by_id(inventory.security_groups, id);
  if (group == nullptr) return std::nullopt;
  return group->vpc;
}
inline bool has_vpc(const model::api::Inventory& inventory, std::string_view id) {
  return id == default_vpc || find_by_id(inventory.vpcs, id) != nullptr;
}

}  // namespace daruma::api
