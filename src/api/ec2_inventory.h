// SPDX-License-Identifier: Apache-2.0
//
// EC2's operations that change something: networks get names, and machines that are there already
// get ids. RunInstances starts nothing: it is told where a machine is (PrivateIpAddress), so that
// target groups of TargetType instance can have it. Pure.
#pragma once

#include <span>
#include <string_view>

#include "api/call.h"
#include "api/query_parameters.h"

namespace daruma::api::ec2 {

struct InventoryCall {
  Catalog& catalog;  // REQUIRES: begin_change()
  const NodeState& node;
  const Parameter& parameters;
  XmlWriter out;  // the answer's elements
};

struct InventoryRow {
  std::string_view name;
  Expected<void> (*run)(InventoryCall& call);
};

std::span<const InventoryRow> changes();
// Null if the operation is none of these.
const InventoryRow* find_change(std::string_view name);

}  // namespace daruma::api::ec2
