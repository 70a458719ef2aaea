// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/ec2_attributes.h"
#include "api/ec2_change.h"
#include "api/ec2_input.h"
#include "api/ec2_items.h"
#include "api/ec2_permissions.h"
#include "api/ec2_routing.h"
#include "api/ec2_rules.h"
#include "api/ec2_tags.h"
#include "api/network.h"
#include "base/address.h"
#include "control/validate_values.h"
#include "model/limits.h"

namespace daruma::api::ec2 {
namespace {

namespace limits = model::limits;
using std::string_view;

Whole whole(InventoryCall& call) {
  return {call.catalog.inventory(), call.catalog.node()};
}

tl::unexpected<ServiceError> in_use(string_view id, string_view by) {
  return refuse("DependencyViolation",
                fmt::format("The resource {} has dependencies ({}) and cannot be deleted", id, by));
}

tl::unexpected<ServiceError> no_vpc(string_view id) {
  return refuse("InvalidVpcID.NotFound", fmt::format("The vpc ID '{}' does not exist", id));
}

// The node's own things are there as long as it is.
Expected<void> check_not_own(string_view id, string_view own) {
  if (id != own) return {};
  return refuse("OperationNotPermitted", fmt::format("{} is the node's own", id));
}

// As AWS has them: IPv4, of 16 to 65,536 addresses, in the network's own notation.
Expected<CidrRange> cidr_of(const std::string& text, const char* code) {
  const auto range = CidrRange::parse(text);
  const bool good = range && text.find('/') != std::string::npos &&
                    range->base().family() == Address::Family::v4 && range->prefix_bits() >= 16 &&
                    range->prefix_bits() <= 28;
  if (good) return *range;
  return refuse(code, fmt::format("The CIDR '{}' is invalid: IPv4, /16 to /28", text));
}

// ---- VPCs and subnets ----

Expected<void> create_vpc(InventoryCall& call) {
  Input in(call.parameters);
  const std::string cidr = in.required("CidrBlock");
  shapes::Tags tags = in.tags("vpc");
  if (const auto read = in.finish(); !read) return read;
  const auto range = cidr_of(cidr, "InvalidVpc.Range");
  if (!range) return tl::unexpected(range.error());
  auto& vpcs = inventory(call).vpcs;
  if (const auto room = check_room(vpcs.size(), "VpcLimitExceeded"); !room) return room;
  vpcs.push_back({range->to_string(), identity_of(call, "vpc", std::move(tags))});
  call.out.within("vpc", [&] { write(call.out, vpcs.back()); });
  return {};
}

Expected<void> delete_vpc(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("VpcId");
  if (const auto read = in.finish(); !read) return read;
  if (const auto may = check_not_own(id, default_vpc); !may) return may;
  shapes::Inventory& all = inventory(call);
  if (!has_vpc(all, id)) return no_vpc(id);
  const auto is_there = [&id](const auto& each) { return each.vpc == id; };
  if (std::ranges::any_of(all.subnets, is_there)) return in_use(id, "subnets");
  if (std::ranges::any_of(all.security_groups, is_there)) return in_use(id, "security groups");
  if (std::ranges::any_of(all.internet_gateways, is_there)) return in_use(id, "internet gateways");
  if (std::ranges::any_of(all.route_tables, is_there)) return in_use(id, "route tables");
  if (std::ranges::any_of(call.catalog.created().target_groups, is_there)) {
    return in_use(id, "target groups");
  }
  erase_id(all.vpcs, id);
  done(call);
  return {};
}

Expected<void> create_subnet(InventoryCall& call) {
  Input in(call.parameters);
  shapes::Subnet wanted;
  wanted.vpc = in.required("VpcId");
  const std::string cidr = in.required("CidrBlock");
  wanted.availability_zone = in.text("AvailabilityZone");
  shapes::Tags tags = in.tags("subnet");
  if (const auto read = in.finish(); !read) return read;
  shapes::Inventory& all = inventory(call);
  const shapes::Vpc* vpc = find_by_id(all.vpcs, wanted.vpc);
  if (const auto may = check_not_own(wanted.vpc, default_vpc); !may) return may;
  if (vpc == nullptr) return no_vpc(wanted.vpc);
  const auto range = cidr_of(cidr, "InvalidSubnet.Range");
  if (!range) return tl::unexpected(range.error());
  const auto outer = CidrRange::parse(vpc->cidr);
  if (!outer || !outer->contains(range->base()) || range->prefix_bits() < outer->prefix_bits()) {
    return refuse("InvalidSubnet.Range",
                  fmt::format("The CIDR '{}' is not in {}", cidr, vpc->cidr));
  }
  const auto overlaps = [&](const shapes::Subnet& there) {
    const auto other = CidrRange::parse(there.cidr);
    return there.vpc == wanted.vpc && other &&
           (other->contains(range->base()) || range->contains(other->base()));
  };
  if (std::ranges::any_of(all.subnets, overlaps)) {
    return refuse("InvalidSubnet.Conflict",
                  fmt::format("The CIDR '{}' conflicts with another subnet", cidr));
  }
  if (const auto room = check_room(all.subnets.size(), "SubnetLimitExceeded"); !room) return room;
  if (wanted.availability_zone.empty()) wanted.availability_zone = zone_of(call.catalog.node());
  control::Issues issues;
  control::validate_zone(wanted.availability_zone, control::Path(), issues);
  if (!issues.list().empty()) {
    return refuse("InvalidParameterValue", issues.list().front().message);
  }
  wanted.cidr = range->to_string();
  wanted.identity = identity_of(call, "subnet", std::move(tags));
  all.subnets.push_back(std::move(wanted));
  call.out.within("subnet", [&] { write(call.out, all.subnets.back()); });
  return {};
}

Expected<void> delete_subnet(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("SubnetId");
  if (const auto read = in.finish(); !read) return read;
  if (const auto may = check_not_own(id, default_subnet); !may) return may;
  shapes::Inventory& all = inventory(call);
  if (find_by_id(all.subnets, id) == nullptr) {
    return refuse("InvalidSubnetID.NotFound", fmt::format("The subnet ID '{}' does not exist", id));
  }
  for (const shapes::LoadBalancer& balancer : call.catalog.created().load_balancers) {
    if (std::ranges::find(balancer.subnets, id) == balancer.subnets.end()) continue;
    return in_use(id, "load balancer " + balancer.name);
  }
  if (std::ranges::any_of(all.instances, [&id](const auto& each) { return each.subnet == id; })) {
    return in_use(id, "instances");
  }
  for (shapes::RouteTable& table : all.route_tables) {
    std::erase_if(table.associations, [&id](const auto& each) { return each.second == id; });
  }
  erase_id(all.subnets, id);
  done(call);
  return {};
}

// ---- security groups ----

Expected<void> create_security_group(InventoryCall& call) {
  Input in(call.parameters);
  shapes::SecurityGroup wanted;
  wanted.name = in.required("GroupName");
  wanted.description = in.required("GroupDescription");
  wanted.vpc = in.text("VpcId");
  shapes::Tags tags = in.tags("security-group");
  if (const auto read = in.finish(); !read) return read;
  if (wanted.vpc.empty()) wanted.vpc = default_vpc;
  shapes::Inventory& all = inventory(call);
  if (!has_vpc(all, wanted.vpc)) return no_vpc(wanted.vpc);
  const auto is_it = [&](const shapes::SecurityGroup& there) {
    return there.vpc == wanted.vpc && there.name == wanted.name;
  };
  const bool is_own = wanted.vpc == default_vpc && wanted.name == "default";
  if (is_own || std::ranges::any_of(all.security_groups, is_it)) {
    return refuse("InvalidGroup.Duplicate",
                  fmt::format("The security group '{}' already exists for VPC '{}'", wanted.name,
                              wanted.vpc));
  }
  if (wanted.name.size() > limits::inventory_text_max ||
      wanted.description.size() > limits::inventory_text_max) {
    return refuse("InvalidParameterValue",
                  fmt::format("GroupName and GroupDescription have at most {} characters",
                              limits::inventory_text_max));
  }
  const char* full = "SecurityGroupLimitExceeded";
  if (const auto room = check_room(all.security_groups.size(), full); !room) return room;
  if (const auto room = check_rules_room(all, 1, full); !room) return room;
  wanted.identity = identity_of(call, "sg", std::move(tags));
  wanted.egress = {everything_goes_out(wanted.identity)};
  all.security_groups.push_back(std::move(wanted));
  const shapes::Identity& made = all.security_groups.back().identity;
  done(call);
  call.out.element("groupId", made.id);
  call.out.element("securityGroupArn", arn_of_security_group(made.id));
  write_tag_set(call.out, made.tags);
  return {};
}

// Whether another group's rule has it as its peer.
bool names_peer(const shapes::Inventory& all, const std::string& id) {
  const auto has_it = [&id](const Rules& rules) {
    return std::ranges::find(rules, id, &Rule::peer) != rules.end();
  };
  return std::ranges::any_of(all.security_groups, [&](const shapes::SecurityGroup& each) {
    return each.identity.id != id && (has_it(each.ingress) || has_it(each.egress));
  });
}

Expected<void> delete_security_group(InventoryCall& call) {
  Input in(call.parameters);
  const std::string given = in.text("GroupId");
  const std::string name = in.text("GroupName");
  if (const auto read = in.finish(); !read) return read;
  const auto group = find_group(call, given, name);
  if (!group) return tl::unexpected(group.error());
  const std::string id = (*group)->identity.id;
  shapes::Inventory& all = inventory(call);
  const auto has_it = [&id](const auto& each) {
    return std::ranges::find(each.security_groups, id) != each.security_groups.end();
  };
  if (std::ranges::any_of(call.catalog.created().load_balancers, has_it)) {
    return in_use(id, "load balancers");
  }
  if (std::ranges::any_of(all.instances, has_it)) return in_use(id, "instances");
  if (names_peer(all, id)) return in_use(id, "rules of other security groups");
  erase_id(all.security_groups, id);
  done(call);
  call.out.element("groupId", id);
  return {};
}

// ---- instances ----

// The address stands by itself, or in the one network interface that is described.
struct Wanted {
  shapes::Instance instance;
  std::string most;
};

Wanted read_instance(Input& in) {
  Wanted wanted;
  shapes::Instance& instance = wanted.instance;
  instance.image = in.text("ImageId");
  instance.type = in.text("InstanceType");
  instance.address = in.text("PrivateIpAddress");
  instance.subnet = in.text("SubnetId");
  instance.security_groups = in.texts("SecurityGroupId");
  instance.client_token = in.text("ClientToken");
  static_cast<void>(in.text("MinCount"));
  wanted.most = in.text("MaxCount");
  const auto interfaces = in.items("NetworkInterface");
  if (interfaces.size() == 1) {
    Input inner(*interfaces.front());
    static_cast<void>(inner.text("DeviceIndex"));
    instance.address = inner.text("PrivateIpAddress");
    instance.subnet = inner.text("SubnetId");
    instance.security_groups = inner.texts("SecurityGroupId");
    if (const auto read = inner.finish(); !read) in.fail(read.error());
  } else if (!interfaces.empty()) {
    in.fail({"InvalidParameterValue", "An instance here has one NetworkInterface"});
  }
  return wanted;
}

Expected<void> check_instance(const InventoryCall& call, const shapes::Instance& wanted) {
  const auto address = Address::parse(wanted.address, 0);
  if (!address || wanted.address == "0.0.0.0" || address->ip() == "::") {
    return refuse("MissingParameter",
                  "RunInstances starts no machine here; it registers one that is there: give its "
                  "PrivateIpAddress");
  }
  const shapes::Inventory& all = call.catalog.inventory();
  const auto place = place_of_subnet(all, call.catalog.node(), wanted.subnet);
  if (!place) {
    return refuse("InvalidSubnetID.NotFound",
                  fmt::format("The subnet ID '{}' does not exist", wanted.subnet));
  }
  const shapes::Subnet* subnet = find_by_id(all.subnets, wanted.subnet);
  if (subnet != nullptr &&
      !CidrRange::parse(subnet->cidr).value_or(CidrRange()).contains(*address)) {
    return refuse("InvalidParameterValue",
                  fmt::format("Address {} does not fall within {}", wanted.address, subnet->cidr));
  }
  for (const shapes::Instance& there : all.instances) {
    if (there.address != wanted.address) continue;
    return refuse("InvalidIPAddress.InUse",
                  fmt::format("Address {} is {}'s", wanted.address, there.identity.id));
  }
  for (const std::string& group : wanted.security_groups) {
    if (vpc_of_security_group(all, group) == place->vpc) continue;
    return refuse(
        "InvalidGroup.NotFound",
        fmt::format("The security group '{}' does not exist in VPC {}", group, place->vpc));
  }
  for (const std::string& text : {wanted.image, wanted.type, wanted.client_token}) {
    if (text.size() <= limits::inventory_text_max) continue;
    return refuse("InvalidParameterValue", fmt::format("'{}…' is too long", text.substr(0, 32)));
  }
  return {};
}

Expected<void> run_instances(InventoryCall& call) {
  Input in(call.parameters);
  auto [wanted, most] = read_instance(in);
  shapes::Tags tags = in.tags("instance");
  if (const auto read = in.finish(); !read) return read;
  if (!most.empty() && most != "1") {
    return refuse("InvalidParameterValue",
                  "MaxCount must be 1: each instance is a machine of its own, with its address");
  }
  if (wanted.subnet.empty()) wanted.subnet = default_subnet;
  auto& instances = inventory(call).instances;
  if (!wanted.client_token.empty()) {
    const auto same =
        std::ranges::find(instances, wanted.client_token, &shapes::Instance::client_token);
    if (same != instances.end()) {
      write_reservation(call.out, *same, whole(call));
      return {};
    }
  }
  if (const auto good = check_instance(call, wanted); !good) return good;
  if (const auto room = check_room(instances.size(), "InstanceLimitExceeded"); !room) return room;
  wanted.address = Address::parse(wanted.address, 0)->ip();
  wanted.identity = identity_of(call, "i", std::move(tags));
  instances.push_back(std::move(wanted));
  write_reservation(call.out, instances.back(), whole(call));
  return {};
}

// What is no longer there is no target either: as with AWS, it is deregistered.
void deregister(shapes::Resources& created, string_view id) {
  for (shapes::TargetGroup& group : created.target_groups) {
    if (group.target_type != "instance") continue;
    std::erase_if(group.targets, [id](const auto& target) { return target.id == id; });
  }
}

Expected<void> terminate_instances(InventoryCall& call) {
  Input in(call.parameters);
  const std::vector<std::string> ids = in.texts("InstanceId");
  if (const auto read = in.finish(); !read) return read;
  if (ids.empty()) {
    return refuse("MissingParameter", "The request must contain the parameter InstanceId");
  }
  auto& instances = inventory(call).instances;
  for (const std::string& id : ids) {
    if (find_by_id(instances, id) != nullptr) continue;
    return refuse("InvalidInstanceID.NotFound",
                  fmt::format("The instance ID '{}' does not exist", id));
  }
  call.out.within("instancesSet", [&] {
    for (const std::string& id : ids) {
      erase_id(instances, id);
      deregister(call.catalog.created(), id);
      call.out.within("item", [&] {
        call.out.element("instanceId", id);
        call.out.within("currentState", [&] {
          call.out.element("code", "48");
          call.out.element("name", "terminated");
        });
        call.out.within("previousState", [&] {
          call.out.element("code", "16");
          call.out.element("name", "running");
        });
      });
    }
  });
  return {};
}

constexpr InventoryRow rows[] = {
    {"CreateVpc", create_vpc},
    {"DeleteVpc", delete_vpc},
    {"CreateSubnet", create_subnet},
    {"DeleteSubnet", delete_subnet},
    {"CreateSecurityGroup", create_security_group},
    {"DeleteSecurityGroup", delete_security_group},
    {"RunInstances", run_instances},
    {"TerminateInstances", terminate_instances},
    {"CreateInternetGateway", create_internet_gateway},
    {"AttachInternetGateway", attach_internet_gateway},
    {"DetachInternetGateway", detach_internet_gateway},
    {"DeleteInternetGateway", delete_internet_gateway},
    {"CreateRouteTable", create_route_table},
    {"DeleteRouteTable", delete_route_table},
    {"CreateRoute", create_route},
    {"DeleteRoute", delete_route},
    {"AssociateRouteTable", associate_route_table},
    {"DisassociateRouteTable", disassociate_route_table},
    {"AuthorizeSecurityGroupIngress", authorize_ingress},
    {"AuthorizeSecurityGroupEgress", authorize_egress},
    {"RevokeSecurityGroupIngress", revoke_ingress},
    {"RevokeSecurityGroupEgress", revoke_egress},
    {"UpdateSecurityGroupRuleDescriptionsIngress", describe_ingress_anew},
    {"UpdateSecurityGroupRuleDescriptionsEgress", describe_egress_anew},
    {"ModifyVpcAttribute", modify_vpc_attribute},
    {"ModifySubnetAttribute", modify_subnet_attribute},
    {"CreateTags", create_tags},
    {"DeleteTags", delete_tags},
};

}  // namespace

std::span<const InventoryRow> changes() {
  return rows;
}

const InventoryRow* find_change(string_view name) {
  const auto found = std::ranges::find(rows, name, &InventoryRow::name);
  return found == std::end(rows) ? nullptr : &*found;
}

}  // namespace daruma::api::ec2
