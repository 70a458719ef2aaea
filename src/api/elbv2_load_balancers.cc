// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "api/elbv2.h"
#include "api/network.h"
#include "control/arns.h"

namespace daruma::api::elbv2 {
namespace {

using control::arn_of;
using notify::Ec2Facts;
using notify::Ec2Kind;

void read_subnets(QueryReader& in, std::vector<std::string>& subnets) {
  in.texts("Subnets", subnets);
  const bool both = in.has("Subnets") && in.has("SubnetMappings");
  in.each("SubnetMappings", [&](QueryReader& mapping) {
    mapping.need("SubnetId");
    mapping.text("SubnetId", subnets.emplace_back());
    mapping.foreign("AllocationId", "AllocationIdNotFound");  // a node has no Elastic IP addresses
    for (const char* foreign : {"PrivateIPv4Address", "IPv6Address", "SourceNatIpv6Prefix"}) {
      mapping.foreign(foreign, "InvalidConfigurationRequest");
    }
  });
  if (both) in.fail(invalid("You cannot specify both Subnets and SubnetMappings").value());
}

std::vector<std::string> subnets_of(const shapes::LoadBalancer& balancer) {
  if (!balancer.subnets.empty()) return balancer.subnets;
  return {std::string(default_subnet)};
}

SubnetPlace place_of(const Call& call, const shapes::LoadBalancer& balancer,
                     const std::string& subnet) {
  const auto told = balancer.zones.find(subnet);
  if (told != balancer.zones.end()) return {balancer.vpc, told->second};
  const Catalog& catalog = call.catalog;
  return place_of_subnet(catalog.inventory(), catalog.node(), subnet).value_or(SubnetPlace());
}

std::string vpc_of(const Call& call, const shapes::LoadBalancer& balancer) {
  return place_of(call, balancer, subnets_of(balancer).front()).vpc;
}

// Where each of them is.
Expected<Ec2Facts> check_subnets(const Call& call, const std::vector<std::string>& subnets) {
  auto places = call.outside.find(Ec2Kind::subnet, subnets);
  if (!places) return places;
  std::set<std::string> zones;
  for (const std::string& subnet : subnets) {
    const auto place = places->find(subnet);
    if (place == places->end()) {
      return refuse(
          "SubnetNotFound",
          fmt::format("The subnet ID '{}' does not exist; this node has {}, and needs none", subnet,
                      default_subnet));
    }
    if (place->second.vpc != places->at(subnets.front()).vpc) {
      return refuse("InvalidConfigurationRequest", "All subnets must belong to the same VPC");
    }
    if (zones.insert(place->second.zone).second) continue;
    return refuse("InvalidConfigurationRequest",
                  "A load balancer cannot be attached to multiple subnets in the same Availability "
                  "Zone");
  }
  return places;
}

// What the inventory does not know is kept: Describe asks nobody.
void put_into(const Call& call, const std::vector<std::string>& subnets, const Ec2Facts& places,
              shapes::LoadBalancer& balancer) {
  balancer.subnets = subnets;
  balancer.vpc.clear();
  balancer.zones.clear();
  for (const auto& [subnet, place] : places) {
    if (place_of_subnet(call.catalog.inventory(), call.catalog.node(), subnet)) continue;
    balancer.vpc = place.vpc;
    balancer.zones[subnet] = place.zone;
  }
}

// For a load balancer in that VPC.
Expected<void> check_security_groups(const Call& call, const std::vector<std::string>& groups,
                                     const std::string& vpc) {
  const auto known = call.outside.find(Ec2Kind::security_group, groups);
  if (!known) return tl::unexpected(known.error());
  for (const std::string& group : groups) {
    const auto there = known->find(group);
    if (there != known->end() && there->second.vpc == vpc) continue;
    return refuse(
        "InvalidSecurityGroup",
        there != known->end()
            ? fmt::format("The security group '{}' belongs to {}, the load balancer to {}", group,
                          there->second.vpc, vpc)
            : fmt::format("The security group '{}' does not exist; this node has {}, and filters "
                          "nothing",
                          group, default_security_group));
  }
  return {};
}

// A node without IPv6 addresses is not dual-stack whatever it is asked for.
Expected<void> check_ip_address_type(const std::string& type, const shapes::Node& node) {
  if (type == "ipv4") return {};
  if (type != "dualstack") {
    return invalid(fmt::format("IpAddressType must be ipv4 or dualstack, not '{}'", type));
  }
  const auto is_v6 = [](const std::string& text) {
    const auto address = Address::parse(text, 0);
    return address && address->family() == Address::Family::v6;
  };
  if (node.addresses.empty() || std::ranges::any_of(node.addresses, is_v6)) return {};
  return refuse("InvalidConfigurationRequest",
                "IpAddressType dualstack: Node.Addresses of this node has no IPv6 address");
}

void write_zones(Call& call, const shapes::LoadBalancer& balancer) {
  call.out.each("AvailabilityZones", subnets_of(balancer), [&](const std::string& subnet) {
    call.out.element("ZoneName", place_of(call, balancer, subnet).zone);
    call.out.element("SubnetId", subnet);
    call.out.within("LoadBalancerAddresses", [] {});
  });
}

void write(Call& call, const shapes::LoadBalancer& balancer) {
  XmlWriter& out = call.out;
  const shapes::Identity& identity = balancer.identity;
  out.element("LoadBalancerArn", arn_of(balancer));
  out.element("DNSName", control::dns_name_of(balancer));
  out.element("CanonicalHostedZoneId", hosted_zone);
  out.element("CreatedTime", identity.id.empty() ? call.node.started() : identity.created);
  out.element("LoadBalancerName", balancer.name);
  out.element("Scheme", balancer.scheme.value_or("internet-facing"));
  out.element("VpcId", vpc_of(call, balancer));
  out.within("State", [&] {
    if (call.catalog.changing() || !call.node.serves_everywhere(balancer)) {
      return out.element("Code", "provisioning");
    }
    const std::string problem = call.node.problem_of(balancer);
    out.element("Code", problem.empty() ? "active" : "active_impaired");
    out.text("Reason", problem);
  });
  out.element("Type", "application");
  write_zones(call, balancer);
  std::vector<std::string> groups = balancer.security_groups;
  if (groups.empty() && vpc_of(call, balancer) == default_vpc) {
    groups.emplace_back(default_security_group);
  }
  out.texts("SecurityGroups", groups);
  out.element("IpAddressType",
              balancer.ip_address_type.empty() ? "ipv4" : balancer.ip_address_type);
}

void write_one(Call& call, const shapes::LoadBalancer& balancer) {
  call.out.each("LoadBalancers", std::vector{&balancer},
                [&](const shapes::LoadBalancer* one) { write(call, *one); });
}

Expected<shapes::LoadBalancer> read_new(Call& call) {
  shapes::LoadBalancer wanted;
  QueryReader& in = call.in;
  in.need("Name");
  in.text("Name", wanted.name);
  in.text("Scheme", wanted.scheme);
  in.text("Type", wanted.type);
  in.text("IpAddressType", wanted.ip_address_type);
  std::vector<std::string> subnets;
  read_subnets(in, subnets);
  in.texts("SecurityGroups", wanted.security_groups);
  read_tags(in, wanted.identity.tags);
  for (const char* foreign :
       {"CustomerOwnedIpv4Pool", "EnablePrefixForIpv6SourceNat", "IpamPools"}) {
    in.foreign(foreign, "InvalidConfigurationRequest");
  }
  if (const auto read = call.finish_input(); !read) return tl::unexpected(read.error());
  if (!wanted.scheme) wanted.scheme = "internet-facing";
  if (!wanted.type) wanted.type = "application";
  if (wanted.ip_address_type.empty()) wanted.ip_address_type = "ipv4";
  if (*wanted.scheme != "internet-facing" && *wanted.scheme != "internal") {
    return refuse(
        "InvalidScheme",
        fmt::format("Scheme must be internet-facing or internal, not '{}'", *wanted.scheme));
  }
  const auto places = check_subnets(call, subnets);
  if (!places) return tl::unexpected(places.error());
  put_into(call, subnets, *places, wanted);
  const auto groups = check_security_groups(call, wanted.security_groups, vpc_of(call, wanted));
  if (!groups) return tl::unexpected(groups.error());
  const auto addresses = check_ip_address_type(wanted.ip_address_type, call.catalog.node());
  if (!addresses) return tl::unexpected(addresses.error());
  return wanted;
}

// In any order; none is the node's own.
bool same_places(std::vector<std::string> some, std::vector<std::string> others,
                 std::string_view own) {
  if (some.empty()) some.emplace_back(own);
  if (others.empty()) others.emplace_back(own);
  return std::ranges::is_permutation(some, others);
}

bool same_settings(const shapes::LoadBalancer& there, const shapes::LoadBalancer& wanted) {
  return there.scheme == wanted.scheme && there.type == wanted.type &&
         there.ip_address_type == wanted.ip_address_type &&
         same_places(there.subnets, wanted.subnets, default_subnet) &&
         same_places(there.security_groups, wanted.security_groups, default_security_group) &&
         there.identity.tags == wanted.identity.tags;
}

}  // namespace

Expected<void> create_load_balancer(Call& call) {
  auto wanted = read_new(call);
  if (!wanted) return tl::unexpected(wanted.error());
  if (const shapes::LoadBalancer* there = call.catalog.balancer_named(wanted->name)) {
    if (there->identity.id.empty()) return call.catalog.not_permitted("Load balancer", there->name);
    if (!same_settings(*there, *wanted)) {
      return refuse(
          "DuplicateLoadBalancerName",
          fmt::format("A load balancer with the same name '{}' exists, but with different "
                      "settings",
                      wanted->name));
    }
    write_one(call, *there);
    return {};
  }
  auto& balancers = call.catalog.created().load_balancers;
  const shapes::Tags tags = std::move(wanted->identity.tags);
  wanted->identity = make_identity(call);
  wanted->identity.tags = tags;
  balancers.push_back(std::move(*wanted));
  write_one(call, balancers.back());
  return {};
}

Expected<void> describe_load_balancers(Call& call) {
  std::vector<std::string> arns;
  std::vector<std::string> names;
  call.in.texts("LoadBalancerArns", arns);
  call.in.texts("Names", names);
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  if (!arns.empty() && !names.empty()) {
    return invalid(
        "Load balancer names and load balancer ARNs cannot be specified at the same "
        "time");
  }
  Keyed<const shapes::LoadBalancer*> found;
  for (const std::string& arn : arns) {
    const auto balancer = call.catalog.balancer(arn);
    if (!balancer) return tl::unexpected(balancer.error());
    found.emplace_back(arn, *balancer);
  }
  for (const std::string& name : names) {
    const shapes::LoadBalancer* balancer = call.catalog.balancer_named(name);
    if (!balancer) {
      return refuse("LoadBalancerNotFound", fmt::format("Load balancers '[{}]' not found", name));
    }
    found.emplace_back(arn_of(*balancer), balancer);
  }
  if (arns.empty() && names.empty()) {
    call.catalog.each_balancer(
        [&](const auto& balancer) { found.emplace_back(arn_of(balancer), &balancer); });
  }
  write_page(call.out, "LoadBalancers", std::move(found), *paging,
             [&](const shapes::LoadBalancer* balancer) { write(call, *balancer); });
  return {};
}

Expected<void> delete_load_balancer(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  if (const auto read = call.finish_input(); !read) return read;
  const auto balancer = call.catalog.edit_balancer(arn);
  if (!balancer) {
    // It is gone: what was asked for is so.
    if (balancer.error().code == "LoadBalancerNotFound") return {};
    return tl::unexpected(balancer.error());
  }
  const auto& attributes = (*balancer)->attributes;
  const auto protection = attributes.find("deletion_protection.enabled");
  if (protection != attributes.end() && protection->second == "true") {
    return refuse("OperationNotPermitted",
                  fmt::format("Load balancer '{}' cannot be deleted because deletion protection is "
                              "enabled",
                              arn));
  }
  const std::string id = (*balancer)->identity.id;
  std::erase_if(call.catalog.created().load_balancers,
                [&](const auto& each) { return each.identity.id == id; });
  return {};
}

Expected<void> set_ip_address_type(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  std::string type;
  call.in.need("IpAddressType");
  call.in.text("IpAddressType", type);
  if (const auto read = call.finish_input(); !read) return read;
  const auto balancer = call.catalog.edit_balancer(arn);
  if (!balancer) return tl::unexpected(balancer.error());
  const auto good = check_ip_address_type(type, call.catalog.node());
  if (!good) return good;
  (*balancer)->ip_address_type = type;
  call.out.element("IpAddressType", type);
  return {};
}

Expected<void> set_security_groups(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  std::vector<std::string> groups;
  call.in.need("SecurityGroups");
  call.in.texts("SecurityGroups", groups);
  call.in.foreign("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
                  "InvalidConfigurationRequest");
  if (const auto read = call.finish_input(); !read) return read;
  const auto balancer = call.catalog.edit_balancer(arn);
  if (!balancer) return tl::unexpected(balancer.error());
  const auto good = check_security_groups(call, groups, vpc_of(call, **balancer));
  if (!good) return good;
  (*balancer)->security_groups = groups;
  call.out.texts("SecurityGroupIds", groups);
  return {};
}

Expected<void> set_subnets(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  std::vector<std::string> subnets;
  std::string type;
  read_subnets(call.in, subnets);
  call.in.text("IpAddressType", type);
  call.in.foreign("EnablePrefixForIpv6SourceNat", "InvalidConfigurationRequest");
  if (const auto read = call.finish_input(); !read) return read;
  const auto balancer = call.catalog.edit_balancer(arn);
  if (!balancer) return tl::unexpected(balancer.error());
  if (subnets.empty()) return invalid("At least one subnet must be specified");
  const auto places = check_subnets(call, subnets);
  if (!places) return tl::unexpected(places.error());
  if (places->at(subnets.front()).vpc != vpc_of(call, **balancer)) {
    return refuse("InvalidConfigurationRequest",
                  "A load balancer stays in its VPC; make another one there");
  }
  if (!type.empty()) {
    const auto good = check_ip_address_type(type, call.catalog.node());
    if (!good) return good;
    (*balancer)->ip_address_type = type;
  }
  put_into(call, subnets, *places, **balancer);
  write_zones(call, **balancer);
  call.out.element("IpAddressType", (*balancer)->ip_address_type);
  return {};
}

}  // namespace daruma::api::elbv2
