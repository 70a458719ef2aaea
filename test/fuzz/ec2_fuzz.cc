// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a request to EC2's operations, the first line choosing which, on a node with a small
// network: decoding ends, an error has a code and a text, and what a change makes comes back from
// the store as it went in.
#include <string>
#include <vector>

#include "api/ec2.h"
#include "api/ec2_inventory.h"
#include "api/network.h"
#include "chosen_operation.h"
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
  shapes::SecurityGroup& group = all.inventory.security_groups.back();
  group.ingress.push_back({"tcp", 80, 81, "10.0.0.0/8", "words", {"sgr-2", "", {}}});
  group.egress.push_back(everything_goes_out(group.identity));
  all.inventory.instances.push_back(
      {"10.0.1.1", "subnet-1", {"sg-1"}, "", "", "t", {"i-1", "", {}}});
  all.inventory.internet_gateways.push_back({"vpc-1", {"igw-1", "", {}}});
  all.inventory.route_tables.push_back({"vpc-1", {}, {}, {"rtb-1", "", {}}});
  return all;
}

struct Choice {
  std::string_view name;
  const ec2::InventoryRow* change = nullptr;  // null: it only describes
};

std::vector<Choice> all_operations() {
  std::vector<Choice> all;
  for (const ec2::InventoryRow& row : ec2::changes()) all.push_back({row.name, &row});
  for (const std::string_view name : ec2::descriptions()) all.push_back({name});
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const shapes::Resources declared;
  static const shapes::Resources created = some_network();
  static const std::string file = "daruma.yaml";
  static const std::vector<Choice> operations = all_operations();
  fuzz::Input input(data, size);
  const auto& [name, change] = fuzz::chosen(std::span(operations), input.line());
  auto parameters = parse_form(input.rest());
  if (!parameters || !ec2::take_dry_run(*parameters)) return 0;
  Catalog catalog(declared, created, file);
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
