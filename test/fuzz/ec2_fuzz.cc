// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a request to EC2's operations, the first byte choosing which, on a node with a small
// network: decoding ends, an error has a code and a text, and what a change makes comes back from
// the store as it went in.
#include <array>
#include <string>

#include "api/ec2.h"
#include "api/ec2_inventory.h"
#include "fake_node_state.h"
#include "fuzz_input.h"
#include "store_check.h"

using namespace daruma;
using namespace daruma::api;

namespace {

shapes::Resources some_network() {
  shapes::Resources all;
  all.inventory.vpcs.push_back({"10.0.0.0/16", {"vpc-1", "", {}}});
  all.inventory.subnets.push_back({"vpc-1", "10.0.1.0/24", "zone-a", {"subnet-1", "", {}}});
  all.inventory.security_groups.push_back({"web", "words", "vpc-1", {"sg-1", "", {}}});
  all.inventory.instances.push_back(
      {"10.0.1.1", "subnet-1", {"sg-1"}, "", "", "t", {"i-1", "", {}}});
  return all;
}

constexpr std::array operations{
    "CreateVpc",       "DeleteVpc",           "CreateSubnet",        "DeleteSubnet",
    "RunInstances",    "CreateSecurityGroup", "DeleteSecurityGroup", "TerminateInstances",
    "DescribeSubnets", "DescribeInstances",   "DescribeVpcs",        "DescribeSecurityGroups"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const shapes::Resources declared;
  static const shapes::Resources created = some_network();
  static const std::string file = "daruma.yaml";
  fuzz::Input input(data, size);
  const char* name = operations[input.choice() % operations.size()];
  const auto parameters = parse_form(input.rest());
  if (!parameters) return 0;
  Catalog catalog(declared, created, file);
  const ec2::InventoryRow* change = ec2::find_change(name);
  if (change == nullptr) {
    const auto found = ec2::describe(name, *parameters, {catalog.inventory(), catalog.node()});
    FUZZ_CHECK(found || !found.error().message.empty());
    return 0;
  }
  catalog.begin_change();
  const fuzz::FakeNodeState state;
  ec2::InventoryCall call{catalog, state, *parameters, XmlWriter()};
  const auto done = change->run(call);
  if (!done) {
    FUZZ_CHECK(!done.error().code.empty() && !done.error().message.empty());
  } else {
    fuzz::check_store(catalog.take_created());
  }
  return 0;
}
