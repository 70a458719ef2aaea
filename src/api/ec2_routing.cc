// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_routing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/ec2_change.h"
#include "api/ec2_input.h"
#include "api/ec2_items.h"
#include "api/network.h"
#include "base/address.h"

namespace daruma::api::ec2 {
namespace {

Expected<shapes::InternetGateway*> gateway(InventoryCall& call, const std::string& id) {
  if (auto* found = find_by_id(inventory(call).internet_gateways, id)) return found;
  return refuse("InvalidInternetGatewayID.NotFound",
                fmt::format("The internetGateway ID '{}' does not exist", id));
}

Expected<shapes::RouteTable*> table(InventoryCall& call, const std::string& id) {
  if (auto* found = find_by_id(inventory(call).route_tables, id)) return found;
  return refuse("InvalidRouteTableID.NotFound",
                fmt::format("The routeTable ID '{}' does not exist", id));
}

Expected<void> check_vpc(InventoryCall& call, const std::string& id) {
  if (has_vpc(inventory(call), id)) return {};
  return refuse("InvalidVpcID.NotFound", fmt::format("The vpc ID '{}' does not exist", id));
}

}  // namespace

Expected<void> create_internet_gateway(InventoryCall& call) {
  Input in(call.parameters);
  shapes::Tags tags = in.tags("internet-gateway");
  if (const auto read = in.finish(); !read) return read;
  auto& gateways = inventory(call).internet_gateways;
  if (const auto room = check_room(gateways.size(), "InternetGatewayLimitExceeded"); !room)
    return room;
  gateways.push_back({"", identity_of(call, "igw", std::move(tags))});
  call.out.within("internetGateway", [&] { write(call.out, gateways.back()); });
  return {};
}

Expected<void> attach_internet_gateway(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("InternetGatewayId");
  const std::string vpc = in.required("VpcId");
  if (const auto read = in.finish(); !read) return read;
  const auto found = gateway(call, id);
  if (!found) return tl::unexpected(found.error());
  if (const auto there = check_vpc(call, vpc); !there) return there;
  if (!(*found)->vpc.empty()) {
    return refuse("Resource.AlreadyAssociated",
                  fmt::format("resource {} is already attached to network {}", id, (*found)->vpc));
  }
  const auto& all = inventory(call).internet_gateways;
  if (std::ranges::find(all, vpc, &shapes::InternetGateway::vpc) != all.end()) {
    return refuse("InvalidParameterValue",
                  fmt::format("Network {} already has an internet gateway attached", vpc));
  }
  (*found)->vpc = vpc;
  done(call);
  return {};
}

Expected<void> detach_internet_gateway(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("InternetGatewayId");
  const std::string vpc = in.required("VpcId");
  if (const auto read = in.finish(); !read) return read;
  const auto found = gateway(call, id);
  if (!found) return tl::unexpected(found.error());
  if ((*found)->vpc.empty() || (*found)->vpc != vpc) {
    return refuse("Gateway.NotAttached",
                  fmt::format("resource {} is not attached to network {}", id, vpc));
  }
  (*found)->vpc.clear();
  done(call);
  return {};
}

Expected<void> delete_internet_gateway(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("InternetGatewayId");
  if (const auto read = in.finish(); !read) return read;
  const auto found = gateway(call, id);
  if (!found) return tl::unexpected(found.error());
  if (!(*found)->vpc.empty()) {
    return refuse("DependencyViolation",
                  fmt::format("The internetGateway '{}' has dependencies ({}) and cannot be "
                              "deleted",
                              id, (*found)->vpc));
  }
  erase_id(inventory(call).internet_gateways, id);
  done(call);
  return {};
}

Expected<void> create_route_table(InventoryCall& call) {
  Input in(call.parameters);
  const std::string vpc = in.required("VpcId");
  shapes::Tags tags = in.tags("route-table");
  if (const auto read = in.finish(); !read) return read;
  if (const auto there = check_vpc(call, vpc); !there) return there;
  auto& tables = inventory(call).route_tables;
  if (const auto room = check_room(tables.size(), "RouteTableLimitExceeded"); !room) return room;
  tables.push_back({vpc, {}, {}, identity_of(call, "rtb", std::move(tags))});
  call.out.within("routeTable", [&] { write(call.out, tables.back()); });
  return {};
}

Expected<void> delete_route_table(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("RouteTableId");
  if (const auto read = in.finish(); !read) return read;
  const auto found = table(call, id);
  if (!found) return tl::unexpected(found.error());
  if (!(*found)->associations.empty()) {
    return refuse("DependencyViolation",
                  fmt::format("The routeTable '{}' has dependencies (subnets) and cannot be "
                              "deleted",
                              id));
  }
  erase_id(inventory(call).route_tables, id);
  done(call);
  return {};
}

Expected<void> create_route(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("RouteTableId");
  const std::string cidr = in.required("DestinationCidrBlock");
  const std::string way = in.required("GatewayId");
  if (const auto read = in.finish(); !read) return read;
  const auto found = table(call, id);
  if (!found) return tl::unexpected(found.error());
  const auto range = CidrRange::parse(cidr);
  if (!range || cidr.find('/') == std::string::npos) {
    return refuse("InvalidParameterValue",
                  fmt::format("Value ({}) for parameter destinationCidrBlock is invalid", cidr));
  }
  const auto to = gateway(call, way);
  if (!to) return tl::unexpected(to.error());
  if ((*to)->vpc != (*found)->vpc) {
    return refuse(
        "InvalidParameterValue",
        fmt::format("route table {} and network gateway {} belong to different networks", id, way));
  }
  if (!(*found)->routes.emplace(range->to_string(), way).second) {
    return refuse("RouteAlreadyExists",
                  fmt::format("The route identified by {} already exists", cidr));
  }
  if (const auto room = check_room((*found)->routes.size() - 1, "RouteLimitExceeded"); !room)
    return room;
  done(call);
  return {};
}

Expected<void> delete_route(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("RouteTableId");
  const std::string cidr = in.required("DestinationCidrBlock");
  if (const auto read = in.finish(); !read) return read;
  const auto found = table(call, id);
  if (!found) return tl::unexpected(found.error());
  const auto range = CidrRange::parse(cidr);
  if (!range || (*found)->routes.erase(range->to_string()) == 0) {
    return refuse(
        "InvalidRoute.NotFound",
        fmt::format("no route with destination-cidr-block {} in route table {}", cidr, id));
  }
  done(call);
  return {};
}

Expected<void> associate_route_table(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("RouteTableId");
  const std::string subnet = in.required("SubnetId");
  if (const auto read = in.finish(); !read) return read;
  const auto found = table(call, id);
  if (!found) return tl::unexpected(found.error());
  const auto place = place_of_subnet(inventory(call), call.catalog.node(), subnet);
  if (!place) {
    return refuse("InvalidSubnetID.NotFound",
                  fmt::format("The subnet ID '{}' does not exist", subnet));
  }
  if (place->vpc != (*found)->vpc) {
    return refuse(
        "InvalidParameterValue",
        fmt::format("Route table {} and subnet {} belong to different networks", id, subnet));
  }
  for (const shapes::RouteTable& each : inventory(call).route_tables) {
    for (const auto& [association, there] : each.associations) {
      if (there != subnet) continue;
      return refuse("Resource.AlreadyAssociated",
                    fmt::format("the specified association for route table {} conflicts with an "
                                "existing association, {}",
                                id, association));
    }
  }
  const std::string association = "rtbassoc-0" + make_id();
  (*found)->associations[association] = subnet;
  call.out.element("associationId", association);
  call.out.within("associationState", [&] { call.out.element("state", "associated"); });
  return {};
}

Expected<void> disassociate_route_table(InventoryCall& call) {
  Input in(call.parameters);
  const std::string association = in.required("AssociationId");
  if (const auto read = in.finish(); !read) return read;
  for (shapes::RouteTable& each : inventory(call).route_tables) {
    if (each.associations.erase(association) == 0) continue;
    done(call);
    return {};
  }
  return refuse("InvalidAssociationID.NotFound",
                fmt::format("The association ID '{}' does not exist", association));
}

}  // namespace daruma::api::ec2
