// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>

#include "api/ec2_change.h"
#include "api/ec2_input.h"
#include "api/network.h"

namespace daruma::api::ec2 {
namespace {

using std::string_view;

struct VpcAttribute {
  string_view name;
  string_view parameter;
  string_view made;     // what a VPC has when it is made
  string_view own_vpc;  // and the node's own
};
constexpr VpcAttribute vpc_attributes[] = {
    {"enableDnsSupport", "EnableDnsSupport", "true", "true"},
    {"enableDnsHostnames", "EnableDnsHostnames", "false", "true"},
    {"enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics", "false", "false"},
};

tl::unexpected<ServiceError> no_vpc(string_view id) {
  return refuse("InvalidVpcID.NotFound", fmt::format("The vpc ID '{}' does not exist", id));
}

// EnableDnsSupport.Value=true
std::optional<bool> read_value(Input& in, string_view name) {
  std::optional<bool> value;
  in.within(name, [&](Input& inner) {
    static_cast<void>(inner.required("Value"));
    value = inner.flag("Value");
  });
  return value;
}

std::string value_of(const shapes::Vpc& vpc, const VpcAttribute& attribute) {
  const auto set = vpc.attributes.find(std::string(attribute.name));
  return set != vpc.attributes.end() ? set->second : std::string(attribute.made);
}

}  // namespace

Expected<void> modify_vpc_attribute(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("VpcId");
  std::map<std::string, std::string> wanted;
  for (const VpcAttribute& attribute : vpc_attributes) {
    const auto value = read_value(in, attribute.parameter);
    if (value) wanted[std::string(attribute.name)] = *value ? "true" : "false";
  }
  if (const auto read = in.finish(); !read) return read;
  if (wanted.size() != 1) {
    return refuse(wanted.empty() ? "MissingParameter" : "InvalidParameterCombination",
                  "One attribute must be given, and one only");
  }
  if (id == default_vpc) {
    return refuse("OperationNotPermitted", fmt::format("{} is the node's own", id));
  }
  shapes::Vpc* vpc = find_by_id(inventory(call).vpcs, id);
  if (vpc == nullptr) return no_vpc(id);
  vpc->attributes.insert_or_assign(wanted.begin()->first, wanted.begin()->second);
  done(call);
  return {};
}

Expected<void> modify_subnet_attribute(InventoryCall& call) {
  Input in(call.parameters);
  const std::string id = in.required("SubnetId");
  const auto wanted = read_value(in, "MapPublicIpOnLaunch");
  if (const auto read = in.finish(); !read) return read;
  if (!wanted) {
    return refuse("MissingParameter", "The request must contain the parameter MapPublicIpOnLaunch");
  }
  if (id == default_subnet) {
    return refuse("OperationNotPermitted", fmt::format("{} is the node's own", id));
  }
  shapes::Subnet* subnet = find_by_id(inventory(call).subnets, id);
  if (subnet == nullptr) {
    return refuse("InvalidSubnetID.NotFound", fmt::format("The subnet ID '{}' does not exist", id));
  }
  subnet->map_public_ip_on_launch = *wanted;
  done(call);
  return {};
}

Expected<std::string> describe_vpc_attribute(const Parameter& parameters, const Whole& whole) {
  Input in(parameters);
  const std::string id = in.required("VpcId");
  const std::string name = in.required("Attribute");
  if (const auto read = in.finish(); !read) return tl::unexpected(read.error());
  const auto attribute = std::ranges::find(vpc_attributes, name, &VpcAttribute::name);
  if (attribute == std::end(vpc_attributes)) {
    return refuse(
        "InvalidParameterValue",
        fmt::format("Value ({}) for parameter attribute is invalid. Unknown attribute.", name));
  }
  const shapes::Vpc* vpc = find_by_id(whole.inventory.vpcs, id);
  if (vpc == nullptr && id != default_vpc) return no_vpc(id);
  XmlWriter out;
  out.element("vpcId", id);
  out.within(name, [&] {
    out.element("value", vpc ? value_of(*vpc, *attribute) : std::string(attribute->own_vpc));
  });
  return out.str();
}

}  // namespace daruma::api::ec2
