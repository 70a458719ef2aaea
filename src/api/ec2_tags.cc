// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "api/ec2_input.h"
#include "api/network.h"

namespace daruma::api::ec2 {
namespace {

using std::string_view;

constexpr size_t resources_max = 1000;  // of one request, as with AWS

struct Kind {
  string_view prefix;
  string_view own;  // the node's, which nobody changes
  const char* not_found;
};
constexpr Kind kinds[] = {
    {"vpc-", default_vpc, "InvalidVpcID.NotFound"},
    {"subnet-", default_subnet, "InvalidSubnetID.NotFound"},
    {"sgr-", default_egress_rule, "InvalidSecurityGroupRuleId.NotFound"},
    {"sg-", default_security_group, "InvalidGroup.NotFound"},
    {"i-", "", "InvalidInstanceID.NotFound"},
    {"igw-", "", "InvalidInternetGatewayID.NotFound"},
    {"rtb-", "", "InvalidRouteTableID.NotFound"},
};

shapes::Tags* tags_in(shapes::Inventory& all, string_view id) {
  shapes::Tags* tags = nullptr;
  const auto look_in = [&](auto& list) {
    if (auto* found = find_by_id(list, id)) tags = &found->identity.tags;
  };
  look_in(all.vpcs);
  look_in(all.subnets);
  look_in(all.security_groups);
  for (shapes::SecurityGroup& group : all.security_groups) {
    look_in(group.ingress);
    look_in(group.egress);
  }
  look_in(all.instances);
  look_in(all.internet_gateways);
  look_in(all.route_tables);
  return tags;
}

Expected<shapes::Tags*> tags_of(InventoryCall& call, const std::string& id) {
  const auto kind =
      std::ranges::find_if(kinds, [&](const Kind& each) { return id.starts_with(each.prefix); });
  if (kind == std::end(kinds)) {
    return refuse("InvalidID", fmt::format("The ID '{}' is not valid, or not of a kind that this "
                                           "node has",
                                           id));
  }
  if (id == kind->own || id == default_ingress_rule) {
    return refuse("OperationNotPermitted", fmt::format("{} is the node's own", id));
  }
  if (shapes::Tags* tags = tags_in(call.catalog.created().inventory, id)) return tags;
  return refuse(kind->not_found, fmt::format("The ID '{}' does not exist", id));
}

Expected<std::vector<shapes::Tags*>> read_resources(InventoryCall& call, Input& in) {
  const std::vector<std::string> ids = in.texts("ResourceId");
  if (ids.empty()) {
    in.fail({"MissingParameter", "The request must contain the parameter ResourceId"});
  }
  if (ids.size() > resources_max) {
    in.fail({"InvalidParameterValue", fmt::format("At most {} resources at once", resources_max)});
  }
  if (const auto read = in.finish(); !read) return tl::unexpected(read.error());
  std::vector<shapes::Tags*> resources;
  for (const std::string& id : ids) {
    const auto tags = tags_of(call, id);
    if (!tags) return tl::unexpected(tags.error());
    resources.push_back(*tags);
  }
  return resources;
}

}  // namespace

Expected<void> create_tags(InventoryCall& call) {
  Input in(call.parameters);
  const Input::GivenTags given = in.given_tags();
  if (given.empty()) {
    in.fail({"MissingParameter", "The request must contain the parameter Tag"});
  }
  const auto resources = read_resources(call, in);
  if (!resources) return tl::unexpected(resources.error());
  for (shapes::Tags* tags : *resources) {
    for (const auto& [key, value] : given) (*tags)[key] = value.value_or("");
    if (tags->size() <= Input::tags_max) continue;
    return refuse("TagLimitExceeded",
                  fmt::format("A resource has at most {} tags", Input::tags_max));
  }
  call.out.element("return", "true");
  return {};
}

Expected<void> delete_tags(InventoryCall& call) {
  Input in(call.parameters);
  const Input::GivenTags given = in.given_tags();
  const auto resources = read_resources(call, in);
  if (!resources) return tl::unexpected(resources.error());
  for (shapes::Tags* tags : *resources) {
    if (given.empty()) tags->clear();
    for (const auto& [key, value] : given) {
      const auto there = tags->find(key);
      if (there != tags->end() && (!value || *value == there->second)) tags->erase(there);
    }
  }
  call.out.element("return", "true");
  return {};
}

}  // namespace daruma::api::ec2
