// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_items.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "api/ec2_permissions.h"
#include "api/network.h"
#include "control/arns.h"

namespace daruma::api::ec2 {
namespace {

namespace shapes = model::api;
using std::string_view;

// Whose they all are, and its tags.
Item item_of(const shapes::Identity& identity, Facts facts, Item::Write write) {
  facts.emplace("owner-id", control::account_id);
  for (const auto& [key, value] : identity.tags) {
    facts.emplace("tag:" + key, value);
    facts.emplace("tag-key", key);
  }
  return {identity.id, std::move(facts), std::move(write)};
}

shapes::Vpc own_vpc() {
  return {"0.0.0.0/0", {.id = std::string(default_vpc), .created = "", .tags = {}}};
}

shapes::Subnet own_subnet(const shapes::Node& node) {
  return {std::string(default_vpc),
          "0.0.0.0/0",
          zone_of(node),
          {.id = std::string(default_subnet), .created = "", .tags = {}}};
}

// It says what is so: nothing here filters packets.
const shapes::SecurityGroup& own_security_group() {
  static const shapes::SecurityGroup own = [] {
    shapes::SecurityGroup group{
        "default",
        "lets everything through",
        std::string(default_vpc),
        {.id = std::string(default_security_group), .created = "", .tags = {}}};
    group.egress = {everything_goes_out(group.identity)};
    group.ingress = group.egress;
    group.ingress.front().identity.id = default_ingress_rule;
    return group;
  }();
  return own;
}

string_view is_own(string_view id, string_view own) {
  return id == own ? "true" : "false";
}

void write(XmlWriter& out, const shapes::SecurityGroup& group) {
  out.element("ownerId", control::account_id);
  out.element("groupId", group.identity.id);
  out.element("groupName", group.name);
  out.element("groupDescription", group.description);
  out.element("securityGroupArn", arn_of_security_group(group.identity.id));
  out.element("vpcId", group.vpc);
  write_permissions(out, "ipPermissions", group.ingress);
  write_permissions(out, "ipPermissionsEgress", group.egress);
  write_tag_set(out, group.identity.tags);
}

std::string arn_of_subnet(const shapes::Subnet& subnet) {
  return fmt::format("arn:aws:ec2:{}:{}:subnet/{}", control::region, control::account_id,
                     subnet.identity.id);
}

// Of a VPC with its only block.
std::string association_of(const shapes::Vpc& vpc) {
  return "vpc-cidr-assoc-" + vpc.identity.id.substr(vpc.identity.id.find('-') + 1);
}

string_view shows_public_addresses(const shapes::Subnet& subnet) {
  const bool own = subnet.identity.id == default_subnet;
  return subnet.map_public_ip_on_launch.value_or(own) ? "true" : "false";
}

void write_running(XmlWriter& out, string_view name) {
  out.within(name, [&out] {
    out.element("code", "16");
    out.element("name", "running");
  });
}

// By id, the node's own among them.
using GroupNames = std::map<string_view, string_view>;
GroupNames names_of_groups(const shapes::Inventory& all) {
  GroupNames names{{default_security_group, "default"}};
  for (const shapes::SecurityGroup& group : all.security_groups) {
    names.emplace(group.identity.id, group.name);
  }
  return names;
}

std::string name_of(const GroupNames& names, string_view id) {
  const auto known = names.find(id);
  return std::string(known == names.end() ? "" : known->second);
}

std::string reservation_of(const shapes::Instance& instance) {
  return "r-" + instance.identity.id.substr(2);
}

// Where an instance is, and its security groups.
struct Setting {
  SubnetPlace place;
  std::vector<std::pair<std::string, std::string>> groups;  // id, name
};
Setting setting_of(const shapes::Instance& instance, const Whole& whole, const GroupNames& names) {
  Setting setting{
      place_of_subnet(whole.inventory, whole.node, instance.subnet).value_or(SubnetPlace()), {}};
  for (const std::string& id : instance.security_groups) {
    setting.groups.emplace_back(id, name_of(names, id));
  }
  return setting;
}

// {groupId, groupName} of each.
void write_groups(XmlWriter& out, const Setting& setting) {
  out.within("groupSet", [&] {
    for (const auto& [id, name] : setting.groups) {
      out.within("item", [&, id = id, name = name] {
        out.element("groupId", id);
        out.element("groupName", name);
      });
    }
  });
}

void write_reservation(XmlWriter& out, const shapes::Instance& instance, const Setting& setting) {
  const shapes::Identity& identity = instance.identity;
  out.element("reservationId", reservation_of(instance));
  out.element("ownerId", control::account_id);
  out.within("groupSet", [] {});
  out.within("instancesSet", [&] {
    out.within("item", [&] {
      out.element("instanceId", identity.id);
      out.text("imageId", instance.image);
      write_running(out, "instanceState");
      out.element("privateDnsName", "");
      out.element("amiLaunchIndex", "0");
      out.text("instanceType", instance.type);
      out.element("launchTime", identity.created);
      out.within("placement", [&] { out.element("availabilityZone", setting.place.zone); });
      out.element("subnetId", instance.subnet);
      out.element("vpcId", setting.place.vpc);
      out.element("privateIpAddress", instance.address);
      write_groups(out, setting);
      out.text("clientToken", instance.client_token);
      write_tag_set(out, identity.tags);
    });
  });
}

// "ip-permission.cidr" and its like, of all rules together.
void add_facts(Facts& facts, const std::string& prefix, const Rule& rule, const GroupNames& names) {
  const auto add = [&](const char* name, std::string value) {
    facts.emplace(prefix + "ip-permission." + name, std::move(value));
  };
  add("protocol", rule.protocol);
  if (rule.from_port) add("from-port", std::to_string(*rule.from_port));
  if (rule.to_port) add("to-port", std::to_string(*rule.to_port));
  if (!is_group(rule.peer)) return add(is_ipv6(rule.peer) ? "ipv6-cidr" : "cidr", rule.peer);
  add("group-id", rule.peer);
  add("user-id", std::string(control::account_id));
  if (std::string name = name_of(names, rule.peer); !name.empty()) {
    add("group-name", std::move(name));
  }
}

// Nobody looks: whether an instance answers is told by its target groups.
void write_status(XmlWriter& out, const shapes::Instance& instance, const SubnetPlace& place) {
  out.element("instanceId", instance.identity.id);
  out.element("availabilityZone", place.zone);
  write_running(out, "instanceState");
  for (const string_view status : {"systemStatus", "instanceStatus"}) {
    out.within(status, [&] {
      out.element("status", "ok");
      out.within("details", [&] {
        out.within("item", [&] {
          out.element("name", "reachability");
          out.element("status", "passed");
        });
      });
    });
  }
}

}  // namespace

std::string arn_of_security_group(string_view id) {
  return fmt::format("arn:aws:ec2:{}:{}:security-group/{}", control::region, control::account_id,
                     id);
}

void write_tag_set(XmlWriter& out, const shapes::Tags& tags) {
  out.within("tagSet", [&] {
    for (const auto& [key, value] : tags) {
      out.within("item", [&, key = key, value = value] {
        out.element("key", key);
        out.element("value", value);
      });
    }
  });
}

void write(XmlWriter& out, const shapes::Vpc& vpc) {
  out.element("vpcId", vpc.identity.id);
  out.element("ownerId", control::account_id);
  out.element("state", "available");
  out.element("cidrBlock", vpc.cidr);
  out.element("dhcpOptionsId", "default");
  out.element("instanceTenancy", "default");
  out.element("isDefault", is_own(vpc.identity.id, default_vpc));
  out.within("cidrBlockAssociationSet", [&] {
    out.within("item", [&] {
      out.element("associationId", association_of(vpc));
      out.element("cidrBlock", vpc.cidr);
      out.within("cidrBlockState", [&] { out.element("state", "associated"); });
    });
  });
  write_tag_set(out, vpc.identity.tags);
}

void write(XmlWriter& out, const shapes::Subnet& subnet) {
  const string_view own = is_own(subnet.identity.id, default_subnet);
  out.element("subnetId", subnet.identity.id);
  out.element("subnetArn", arn_of_subnet(subnet));
  out.element("state", "available");
  out.element("vpcId", subnet.vpc);
  out.element("cidrBlock", subnet.cidr);
  out.element("availabilityZone", subnet.availability_zone);
  out.element("availabilityZoneId", subnet.availability_zone);
  out.element("availableIpAddressCount", "65536");
  out.element("defaultForAz", own);
  out.element("mapPublicIpOnLaunch", shows_public_addresses(subnet));
  out.element("ownerId", control::account_id);
  write_tag_set(out, subnet.identity.tags);
}

void write(XmlWriter& out, const shapes::InternetGateway& gateway) {
  out.element("internetGatewayId", gateway.identity.id);
  out.element("ownerId", control::account_id);
  out.within("attachmentSet", [&] {
    if (gateway.vpc.empty()) return;
    out.within("item", [&] {
      out.element("vpcId", gateway.vpc);
      out.element("state", "available");
    });
  });
  write_tag_set(out, gateway.identity.tags);
}

void write(XmlWriter& out, const shapes::RouteTable& table) {
  out.element("routeTableId", table.identity.id);
  out.element("vpcId", table.vpc);
  out.element("ownerId", control::account_id);
  out.within("routeSet", [&] {
    for (const auto& [cidr, gateway] : table.routes) {
      out.within("item", [&, cidr = cidr, gateway = gateway] {
        out.element("destinationCidrBlock", cidr);
        out.element("gatewayId", gateway);
        out.element("state", "active");
        out.element("origin", "CreateRoute");
      });
    }
  });
  out.within("associationSet", [&] {
    for (const auto& [id, subnet] : table.associations) {
      out.within("item", [&, id = id, subnet = subnet] {
        out.element("routeTableAssociationId", id);
        out.element("routeTableId", table.identity.id);
        out.element("subnetId", subnet);
        out.element("main", "false");
        out.within("associationState", [&] { out.element("state", "associated"); });
      });
    }
  });
  write_tag_set(out, table.identity.tags);
}

void write_reservation(XmlWriter& out, const shapes::Instance& instance, const Whole& whole) {
  write_reservation(out, instance, setting_of(instance, whole, names_of_groups(whole.inventory)));
}

std::vector<Item> vpcs(const Whole& whole) {
  std::vector<Item> items;
  const auto add = [&items](const shapes::Vpc& vpc) {
    const std::string own(is_own(vpc.identity.id, default_vpc));
    items.push_back(item_of(vpc.identity,
                            {{"vpc-id", vpc.identity.id},
                             {"isDefault", own},
                             {"is-default", own},
                             {"state", "available"},
                             {"dhcp-options-id", "default"},
                             {"cidr", vpc.cidr},
                             {"cidr-block", vpc.cidr},
                             {"cidrBlock", vpc.cidr},
                             {"cidr-block-association.association-id", association_of(vpc)},
                             {"cidr-block-association.cidr-block", vpc.cidr},
                             {"cidr-block-association.state", "associated"}},
                            [vpc](XmlWriter& out) { write(out, vpc); }));
  };
  add(own_vpc());
  for (const shapes::Vpc& vpc : whole.inventory.vpcs) add(vpc);
  return items;
}

std::vector<Item> subnets(const Whole& whole) {
  std::vector<Item> items;
  const auto add = [&items](const shapes::Subnet& subnet) {
    const std::string own(is_own(subnet.identity.id, default_subnet));
    items.push_back(
        item_of(subnet.identity,
                {{"subnet-id", subnet.identity.id},
                 {"subnet-arn", arn_of_subnet(subnet)},
                 {"vpc-id", subnet.vpc},
                 {"availability-zone", subnet.availability_zone},
                 {"availabilityZone", subnet.availability_zone},
                 {"availability-zone-id", subnet.availability_zone},
                 {"availabilityZoneId", subnet.availability_zone},
                 {"available-ip-address-count", "65536"},
                 {"map-public-ip-on-launch", std::string(shows_public_addresses(subnet))},
                 {"cidr", subnet.cidr},
                 {"cidrBlock", subnet.cidr},
                 {"cidr-block", subnet.cidr},
                 {"state", "available"},
                 {"default-for-az", own},
                 {"defaultForAz", own}},
                [subnet](XmlWriter& out) { write(out, subnet); }));
  };
  add(own_subnet(whole.node));
  for (const shapes::Subnet& subnet : whole.inventory.subnets) add(subnet);
  return items;
}

std::vector<Item> security_groups(const Whole& whole) {
  std::vector<Item> items;
  const GroupNames names = names_of_groups(whole.inventory);
  const auto add = [&](const shapes::SecurityGroup& group) {
    Facts facts{{"group-id", group.identity.id},
                {"group-name", group.name},
                {"description", group.description},
                {"vpc-id", group.vpc}};
    for (const Rule& rule : group.ingress) add_facts(facts, "", rule, names);
    for (const Rule& rule : group.egress) add_facts(facts, "egress.", rule, names);
    items.push_back(
        item_of(group.identity, std::move(facts), [&group](XmlWriter& out) { write(out, group); }));
  };
  add(own_security_group());
  for (const shapes::SecurityGroup& group : whole.inventory.security_groups) add(group);
  return items;
}

std::vector<Item> security_group_rules(const Whole& whole) {
  std::vector<Item> items;
  const auto add = [&items](const shapes::SecurityGroup& group, Direction direction) {
    for (const Rule& rule : rules_of(group, direction)) {
      Facts facts{{"security-group-rule-id", rule.identity.id}, {"group-id", group.identity.id}};
      for (const auto& [key, value] : rule.identity.tags) facts.emplace("tag:" + key, value);
      items.push_back(
          {rule.identity.id, std::move(facts), [&group, &rule, direction](XmlWriter& out) {
             write_rule(out, group, direction, rule);
           }});
    }
  };
  const auto add_all = [&add](const shapes::SecurityGroup& group) {
    add(group, Direction::ingress);
    add(group, Direction::egress);
  };
  add_all(own_security_group());
  for (const shapes::SecurityGroup& group : whole.inventory.security_groups) add_all(group);
  return items;
}

// The node's own, and those that subnets were made in.
std::vector<Item> zones(const Whole& whole) {
  std::set<std::string> names{zone_of(whole.node)};
  for (const shapes::Subnet& subnet : whole.inventory.subnets) {
    names.insert(subnet.availability_zone);
  }
  std::vector<Item> items;
  for (const std::string& zone : names) {
    items.push_back({zone,
                     {{"zone-name", zone},
                      {"region-name", std::string(control::region)},
                      {"group-name", std::string(control::region)},
                      {"opt-in-status", "opt-in-not-required"},
                      {"zone-id", zone},
                      {"state", "available"},
                      {"zone-type", "availability-zone"}},
                     [zone](XmlWriter& out) {
                       out.element("zoneName", zone);
                       out.element("zoneState", "available");
                       out.element("regionName", control::region);
                       out.element("zoneId", zone);
                       out.element("zoneType", "availability-zone");
                       out.element("optInStatus", "opt-in-not-required");
                       out.within("messageSet", [] {});
                     }});
  }
  return items;
}

std::vector<Item> internet_gateways(const Whole& whole) {
  std::vector<Item> items;
  for (const shapes::InternetGateway& gateway : whole.inventory.internet_gateways) {
    Facts facts{{"internet-gateway-id", gateway.identity.id}};
    if (!gateway.vpc.empty()) {
      facts.emplace("attachment.vpc-id", gateway.vpc);
      facts.emplace("attachment.state", "available");
    }
    items.push_back(item_of(gateway.identity, std::move(facts),
                            [&gateway](XmlWriter& out) { write(out, gateway); }));
  }
  return items;
}

std::vector<Item> route_tables(const Whole& whole) {
  std::vector<Item> items;
  for (const shapes::RouteTable& table : whole.inventory.route_tables) {
    Facts facts{{"route-table-id", table.identity.id}, {"vpc-id", table.vpc}};
    for (const auto& [id, subnet] : table.associations) {
      facts.emplace("association.route-table-association-id", id);
      facts.emplace("association.route-table-id", table.identity.id);
      facts.emplace("association.subnet-id", subnet);
      facts.emplace("association.main", "false");
    }
    for (const auto& [cidr, gateway] : table.routes) {
      facts.emplace("route.destination-cidr-block", cidr);
      facts.emplace("route.gateway-id", gateway);
      facts.emplace("route.origin", "CreateRoute");
      facts.emplace("route.state", "active");
    }
    items.push_back(
        item_of(table.identity, std::move(facts), [&table](XmlWriter& out) { write(out, table); }));
  }
  return items;
}

std::vector<Item> instances(const Whole& whole) {
  std::vector<Item> items;
  const GroupNames names = names_of_groups(whole.inventory);
  for (const shapes::Instance& instance : whole.inventory.instances) {
    const Setting setting = setting_of(instance, whole, names);
    Facts facts{{"instance-id", instance.identity.id},
                {"reservation-id", reservation_of(instance)},
                {"private-ip-address", instance.address},
                {"subnet-id", instance.subnet},
                {"vpc-id", setting.place.vpc},
                {"availability-zone", setting.place.zone},
                {"launch-index", "0"},
                {"launch-time", instance.identity.created},
                {"instance-state-name", "running"},
                {"instance-state-code", "16"}};
    if (!instance.image.empty()) facts.emplace("image-id", instance.image);
    if (!instance.type.empty()) facts.emplace("instance-type", instance.type);
    if (!instance.client_token.empty()) facts.emplace("client-token", instance.client_token);
    for (const auto& [id, name] : setting.groups) {
      facts.emplace("instance.group-id", id);
      facts.emplace("instance.group-name", name);
    }
    items.push_back(item_of(
        instance.identity, std::move(facts),
        [&instance, setting](XmlWriter& out) { write_reservation(out, instance, setting); }));
  }
  return items;
}

std::vector<Item> instance_statuses(const Whole& whole) {
  std::vector<Item> items;
  for (const shapes::Instance& instance : whole.inventory.instances) {
    const SubnetPlace place =
        place_of_subnet(whole.inventory, whole.node, instance.subnet).value_or(SubnetPlace());
    items.push_back({instance.identity.id,
                     {{"availability-zone", place.zone},
                      {"instance-state-name", "running"},
                      {"instance-state-code", "16"},
                      {"instance-status.status", "ok"},
                      {"instance-status.reachability", "passed"},
                      {"system-status.status", "ok"},
                      {"system-status.reachability", "passed"}},
                     [&instance, place](XmlWriter& out) { write_status(out, instance, place); }});
  }
  return items;
}

}  // namespace daruma::api::ec2
