// SPDX-License-Identifier: Apache-2.0
//
// The network that a node shows to clients which must name one: one VPC with one subnet and one
// security group that lets everything through. A node's listeners bind to its own addresses
// (Node.Addresses); nothing here filters packets.
#pragma once

#include <string>
#include <string_view>

#include "control/arns.h"
#include "model/resources.h"

namespace daruma::api {

inline constexpr std::string_view default_vpc = "vpc-0da00000000000001";
inline constexpr std::string_view default_subnet = "subnet-0da00000000000001";
inline constexpr std::string_view default_security_group = "sg-0da00000000000001";
// What AWS answers for us-east-1; nobody's DNS zone here.
inline constexpr std::string_view hosted_zone = "Z35SXDOTRQ7X7K";

inline std::string zone_of(const model::api::Node& node) {
  return node.availability_zone.empty() ? std::string(control::region) + "a"
                                        : node.availability_zone;
}

}  // namespace daruma::api
