// SPDX-License-Identifier: Apache-2.0
#include "api/ec2.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "api/ec2_attributes.h"
#include "api/ec2_input.h"
#include "api/network.h"
#include "api/xml_writer.h"
#include "base/bytes.h"
#include "control/arns.h"

namespace daruma::api::ec2 {
namespace {

using std::string_view;
using Values = std::vector<std::string>;

struct Kind {
  string_view action;
  string_view id_parameter;  // "" if there is none
  string_view set;           // the element that holds the items
  std::vector<Item> (*items)(const Whole& whole);
  string_view not_found;  // the error's code
};

template <class F>
std::string elements(F f) {
  XmlWriter out;
  f(out);
  return out.str();
}

std::vector<Item> attributes(const Whole&) {
  const auto attribute = [](const std::string& name, string_view value) {
    return Item{name, {}, elements([&](XmlWriter& out) {
                  out.element("attributeName", name);
                  out.within("attributeValueSet", [&] {
                    out.within("item", [&] { out.element("attributeValue", value); });
                  });
                })};
  };
  return {attribute("supported-platforms", "VPC"), attribute("default-vpc", default_vpc)};
}

std::vector<Item> none(const Whole&) {
  return {};
}

constexpr Kind kinds[] = {
    {"DescribeVpcs", "VpcId", "vpcSet", vpcs, "InvalidVpcID.NotFound"},
    {"DescribeSubnets", "SubnetId", "subnetSet", subnets, "InvalidSubnetID.NotFound"},
    {"DescribeSecurityGroups", "GroupId", "securityGroupInfo", security_groups,
     "InvalidGroup.NotFound"},
    {"DescribeSecurityGroupRules", "SecurityGroupRuleId", "securityGroupRuleSet",
     security_group_rules, "InvalidSecurityGroupRuleId.NotFound"},
    {"DescribeAvailabilityZones", "ZoneName", "availabilityZoneInfo", zones,
     "InvalidParameterValue"},
    {"DescribeAccountAttributes", "AttributeName", "accountAttributeSet", attributes,
     "InvalidParameterValue"},
    {"DescribeInstances", "InstanceId", "reservationSet", instances, "InvalidInstanceID.NotFound"},
    {"DescribeInstanceStatus", "InstanceId", "instanceStatusSet", instance_statuses,
     "InvalidInstanceID.NotFound"},
    {"DescribeNetworkInterfaces", "NetworkInterfaceId", "networkInterfaceSet", none,
     "InvalidNetworkInterfaceID.NotFound"},
    {"DescribeInternetGateways", "InternetGatewayId", "internetGatewaySet", internet_gateways,
     "InvalidInternetGatewayID.NotFound"},
    {"DescribeRouteTables", "RouteTableId", "routeTableSet", route_tables,
     "InvalidRouteTableID.NotFound"},
};

bool is_one_of(const Values& values, const std::string& value) {
  return std::ranges::find(values, value) != values.end();
}

// Whether all filters let it through. One that is not known matches nothing we have, as with AWS's
// tag filters.
bool passes(const Item& item, const Parameter& parameters) {
  const Parameter* filters = parameters.find("Filter");
  if (filters == nullptr) return true;
  return std::ranges::all_of(filters->members, [&item](const auto& entry) {
    const Parameter* name = entry.second.find("Name");
    const auto fact = item.facts.find(name ? name->text : "");
    return fact != item.facts.end() &&
           is_one_of(numbered(entry.second.find("Value")), fact->second);
  });
}

Expected<void> check_parameters(const Kind& kind, const Parameter& parameters) {
  for (const auto& [name, value] : parameters.members) {
    const bool known = name == "Filter" || name == "MaxResults" || name == kind.id_parameter ||
                       (name == "GroupName" && kind.id_parameter == "GroupId") ||
                       // All that are there do run.
                       (name == "IncludeAllInstances" && kind.set == "instanceStatusSet");
    if (!known) {
      return refuse("UnknownParameter", fmt::format("The parameter {} is not recognized", name));
    }
  }
  return {};
}

}  // namespace

Expected<std::string> describe(string_view action, const Parameter& parameters,
                               const Whole& whole) {
  if (action == "DescribeVpcAttribute") return describe_vpc_attribute(parameters, whole);
  const auto kind = std::ranges::find(kinds, action, &Kind::action);
  if (kind == std::end(kinds)) {
    return refuse("InvalidAction", fmt::format("The action {} is not in this release", action));
  }
  if (const auto good = check_parameters(*kind, parameters); !good) {
    return tl::unexpected(good.error());
  }
  const std::vector<Item> items = kind->items(whole);
  const Values ids = numbered(parameters.find(kind->id_parameter));
  for (const std::string& id : ids) {
    if (std::ranges::find(items, id, &Item::id) != items.end()) continue;
    return refuse(std::string(kind->not_found), fmt::format("The ID '{}' does not exist", id));
  }
  const Values names = numbered(parameters.find("GroupName"));
  std::string xml = fmt::format("<{}>", kind->set);
  for (const Item& item : items) {
    if (!ids.empty() && !is_one_of(ids, item.id)) continue;
    if (!names.empty() && !is_one_of(names, item.facts.at("group-name"))) continue;
    if (passes(item, parameters)) xml += "<item>" + item.elements + "</item>";
  }
  return xml + fmt::format("</{}>", kind->set);
}

control::AdminResponse success(string_view action, string_view request_id, string_view elements) {
  return {.status = 200,
          .content_type = "text/xml;charset=UTF-8",
          .body = fmt::format("<{0}Response xmlns=\"http://ec2.amazonaws.com/doc/{1}/\">"
                              "<requestId>{2}</requestId>{3}</{0}Response>",
                              action, version, request_id, elements),
          .fields = {{"x-amzn-RequestId", std::string(request_id)}}};
}

control::AdminResponse failure(string_view request_id, const ServiceError& error) {
  XmlWriter out;
  out.within("Errors", [&] {
    out.within("Error", [&] {
      out.element("Code", error.code);
      out.element("Message", error.message);
    });
  });
  out.element("RequestID", request_id);
  return {.status = error.status,
          .content_type = "text/xml;charset=UTF-8",
          .body = fmt::format("<Response>{}</Response>", out.str()),
          .fields = {{"x-amzn-RequestId", std::string(request_id)}}};
}

}  // namespace daruma::api::ec2
