// SPDX-License-Identifier: Apache-2.0
#include "api/ec2.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "api/ec2_attributes.h"
#include "api/ec2_filter.h"
#include "api/ec2_input.h"
#include "api/ec2_page.h"
#include "api/network.h"
#include "api/xml_writer.h"

namespace daruma::api::ec2 {
namespace {

using std::string_view;

constexpr string_view of_vpc_attribute = "DescribeVpcAttribute";  // which is no list

enum class Pages : uint8_t { no, yes, yes_without_ids };

struct Kind {
  string_view action;
  string_view id_parameter;
  string_view set;  // the element that holds the items
  std::vector<Item> (*items)(const Whole& whole);
  string_view not_found;  // the error's code
  Pages pages = Pages::yes;
  string_view flag{};  // that makes no difference here; "" if there is none
  int64_t results_max = Page::results_max;
};

std::vector<Item> attributes(const Whole&) {
  const auto attribute = [](const std::string& name, string_view value) {
    return Item{name, {}, [name, value](XmlWriter& out) {
                  out.element("attributeName", name);
                  out.within("attributeValueSet", [&] {
                    out.within("item", [&] { out.element("attributeValue", value); });
                  });
                }};
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
     "InvalidParameterValue", Pages::no, "AllAvailabilityZones"},
    {"DescribeAccountAttributes", "AttributeName", "accountAttributeSet", attributes,
     "InvalidParameterValue", Pages::no},
    {"DescribeInstances", "InstanceId", "reservationSet", instances, "InvalidInstanceID.NotFound",
     Pages::yes_without_ids},
    {"DescribeInstanceStatus", "InstanceId", "instanceStatusSet", instance_statuses,
     "InvalidInstanceID.NotFound", Pages::yes_without_ids, "IncludeAllInstances"},
    {"DescribeNetworkInterfaces", "NetworkInterfaceId", "networkInterfaceSet", none,
     "InvalidNetworkInterfaceID.NotFound", Pages::yes_without_ids},
    {"DescribeInternetGateways", "InternetGatewayId", "internetGatewaySet", internet_gateways,
     "InvalidInternetGatewayID.NotFound"},
    {"DescribeRouteTables", "RouteTableId", "routeTableSet", route_tables,
     "InvalidRouteTableID.NotFound", Pages::yes, "", 100},
};

// What a request asks for.
struct Asked {
  std::set<std::string> ids;
  std::set<std::string> names;  // of security groups
  Filters filters;
  Page page;
};

Expected<Asked> read(const Kind& kind, const Parameter& parameters) {
  Input in(parameters);
  Asked asked;
  for (std::string& id : in.texts(kind.id_parameter)) asked.ids.insert(std::move(id));
  if (kind.id_parameter == "GroupId") {
    for (std::string& name : in.texts("GroupName")) asked.names.insert(std::move(name));
  }
  if (!kind.flag.empty()) static_cast<void>(in.flag(kind.flag));
  if (kind.pages != Pages::no) asked.page = Page::read(in, kind.results_max);
  if (const FilterNames* names = filter_names(kind.action)) {
    auto filters = Filters::read(in, *names);
    if (!filters) return tl::unexpected(filters.error());
    asked.filters = std::move(*filters);
  }
  if (const auto good = in.finish(); !good) return tl::unexpected(good.error());
  if (kind.pages == Pages::yes_without_ids && asked.page.most && !asked.ids.empty()) {
    return refuse("InvalidParameterCombination",
                  fmt::format("The parameter {} cannot be used with the parameter maxResults",
                              kind.id_parameter));
  }
  return asked;
}

std::string name_of(const Item& item) {
  const auto name = item.facts.find("group-name");
  return name == item.facts.end() ? "" : name->second;
}

// One of `wanted` that no item has; "" if there is none.
template <class F>
std::string missing(std::set<std::string> wanted, const std::vector<Item>& items, F of_item) {
  for (const Item& item : items) wanted.erase(of_item(item));
  return wanted.empty() ? "" : *wanted.begin();
}

// All that is named must be there.
Expected<void> check_there(const Kind& kind, const Asked& asked, const std::vector<Item>& items) {
  const std::string id = missing(asked.ids, items, [](const Item& item) { return item.id; });
  if (!id.empty()) {
    return refuse(std::string(kind.not_found), fmt::format("The ID '{}' does not exist", id));
  }
  const std::string name = missing(asked.names, items, name_of);
  if (name.empty()) return {};
  return refuse(std::string(kind.not_found),
                fmt::format("The security group '{}' does not exist", name));
}

void leave_what_is_asked_for(const Asked& asked, std::vector<Item>& items) {
  std::erase_if(items, [&asked](const Item& item) {
    return (!asked.ids.empty() && !asked.ids.contains(item.id)) ||
           (!asked.names.empty() && !asked.names.contains(name_of(item))) ||
           !asked.filters.let_through(item.facts);
  });
}

}  // namespace

std::vector<string_view> descriptions() {
  std::vector<string_view> names{of_vpc_attribute};
  for (const Kind& kind : kinds) names.push_back(kind.action);
  return names;
}

Expected<std::string> describe(string_view action, const Parameter& parameters,
                               const Whole& whole) {
  if (action == of_vpc_attribute) return describe_vpc_attribute(parameters, whole);
  const auto kind = std::ranges::find(kinds, action, &Kind::action);
  if (kind == std::end(kinds)) {
    return refuse("InvalidAction", fmt::format("The action {} is not in this release", action));
  }
  const auto asked = read(*kind, parameters);
  if (!asked) return tl::unexpected(asked.error());
  std::vector<Item> items = kind->items(whole);
  if (const auto there = check_there(*kind, *asked, items); !there) {
    return tl::unexpected(there.error());
  }
  leave_what_is_asked_for(*asked, items);
  const std::string token = cut(items, asked->page);
  std::string xml = fmt::format("<{}>", kind->set);
  for (const Item& item : items) {
    XmlWriter out;
    item.write(out);
    xml += "<item>" + out.str() + "</item>";
  }
  xml += fmt::format("</{}>", kind->set);
  XmlWriter rest;
  rest.text("nextToken", token);
  return xml + rest.str();
}

Expected<bool> take_dry_run(Parameter& parameters) {
  const Parameter* given = parameters.find("DryRun");
  if (given == nullptr) return false;
  const std::string text = given->text;
  parameters.members.erase("DryRun");
  if (text == "true" || text == "false") return text == "true";
  return refuse("InvalidParameterValue",
                fmt::format("Value ({}) for parameter DryRun is invalid", text));
}

tl::unexpected<ServiceError> would_have_succeeded() {
  return refuse("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
}

ServiceError in_own_words(ServiceError error) {
  if (error.code != "AccessDenied") return error;
  return {"UnauthorizedOperation",
          "You are not authorized to perform this operation. " + error.message, error.status};
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
