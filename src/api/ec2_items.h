// SPDX-License-Identifier: Apache-2.0
//
// How EC2 shows what a node has: for Describe, and in answers to what made it. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/ec2_filter.h"
#include "api/xml_writer.h"
#include "model/resources.h"

namespace daruma::api::ec2 {

// One described resource: what it can be filtered by, and its elements, which are made of what is
// shown only. REQUIRES: what the item was made of is still there.
struct Item {
  using Write = std::function<void(XmlWriter& out)>;
  std::string id;
  Facts facts;
  Write write;
};

struct Whole {
  const model::api::Inventory& inventory;
  const model::api::Node& node;
};

// Of the node itself first.
std::vector<Item> vpcs(const Whole& whole);
std::vector<Item> subnets(const Whole& whole);
std::vector<Item> security_groups(const Whole& whole);
std::vector<Item> security_group_rules(const Whole& whole);
std::vector<Item> zones(const Whole& whole);
std::vector<Item> instances(const Whole& whole);  // each a reservation of its own
std::vector<Item> instance_statuses(const Whole& whole);
std::vector<Item> internet_gateways(const Whole& whole);
std::vector<Item> route_tables(const Whole& whole);

// Within the element that the answer has for it.
void write(XmlWriter& out, const model::api::Vpc& vpc);
void write(XmlWriter& out, const model::api::Subnet& subnet);
void write(XmlWriter& out, const model::api::InternetGateway& gateway);
void write(XmlWriter& out, const model::api::RouteTable& table);
void write_tag_set(XmlWriter& out, const model::api::Tags& tags);
std::string arn_of_security_group(std::string_view id);
// A reservation with its one instance.
void write_reservation(XmlWriter& out, const model::api::Instance& instance, const Whole& whole);

}  // namespace daruma::api::ec2
