// SPDX-License-Identifier: Apache-2.0
#include "api/audited_resource.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace daruma::api {
namespace {

using std::string_view;

// The narrowest first. A list's items are "member.1" or, with EC2, "1".
constexpr string_view naming_members[] = {"RuleArn",
                                          "RulePriorities",
                                          "ListenerArn",
                                          "TargetGroupArn",
                                          "LoadBalancerArn",
                                          "TrustStoreArn",
                                          "ResourceArn",
                                          "ResourceArns",
                                          "Name",
                                          "InstanceId",
                                          "AssociationId",
                                          "RouteTableId",
                                          "InternetGatewayId",
                                          "GroupId",
                                          "GroupName",
                                          "PrivateIpAddress",
                                          "SecurityGroupId",
                                          "SubnetId",
                                          "VpcId",
                                          "ResourceId",
                                          "ServerCertificateName",
                                          "AlarmName",
                                          "AlarmNames",
                                          "ResourceARN",
                                          "Namespace"};

void add(const std::string& text, std::string& texts) {
  if (text.empty() || texts.size() + text.size() >= audited_resource_bytes_max) return;
  texts += (texts.empty() ? "" : " ") + text;
}

void add_arns(const Parameter& parameter, std::string& texts) {
  if (parameter.text.starts_with("arn:")) add(parameter.text, texts);
  for (const auto& [name, inner] : parameter.members) add_arns(inner, texts);
}

bool is_item(string_view name) {
  return name == "member" || (!name.empty() && name[0] >= '0' && name[0] <= '9');
}

// Of a structure, as in a list of rules' priorities, only its ARNs.
void add(const Parameter& parameter, std::string& texts) {
  add(parameter.text, texts);
  for (const auto& [name, inner] : parameter.members)
    is_item(name) ? add(inner, texts) : add_arns(inner, texts);
}

void add(const cloudwatch::Json& value, std::string& texts) {
  if (value.is_string()) return add(value.get_ref<const std::string&>(), texts);
  if (!value.is_array()) return;
  for (const auto& item : value) add(item, texts);
}

// Where the answer to an action has the id of what it made.
constexpr std::pair<string_view, string_view> id_elements[] = {
    {"CreateVpc", "vpcId"},
    {"CreateSubnet", "subnetId"},
    {"CreateSecurityGroup", "groupId"},
    {"RunInstances", "instanceId"},
    {"CreateInternetGateway", "internetGatewayId"},
    {"CreateRouteTable", "routeTableId"},
};

std::string element_of(string_view action) {
  constexpr string_view create = "Create";
  const auto id =
      std::ranges::find(id_elements, action, &std::pair<string_view, string_view>::first);
  if (id != std::end(id_elements)) return std::string(id->second);
  return action.starts_with(create) ? fmt::format("{}Arn", action.substr(create.size())) : "";
}

}  // namespace

std::string resource_of(const Parameter& parameters) {
  std::string texts;
  for (const string_view name : naming_members) {
    if (const Parameter* member = parameters.find(name)) add(*member, texts);
    if (!texts.empty()) break;
  }
  return texts;
}

std::string resource_of(const cloudwatch::Json& input) {
  std::string texts;
  for (const string_view name : naming_members) {
    if (const auto member = input.find(name); member != input.end()) add(*member, texts);
    if (!texts.empty()) break;
  }
  return texts;
}

std::string created_resource(string_view action, string_view answer) {
  const std::string element = element_of(action);
  if (element.empty()) return "";
  const std::string tag = fmt::format("<{}>", element);
  const size_t begin = answer.find(tag);
  if (begin == string_view::npos) return "";
  answer.remove_prefix(begin + tag.size());
  return std::string(answer.substr(0, answer.find('<')));
}

}  // namespace daruma::api
