// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a request to the elbv2 API, the first line choosing the operation, on a node with a
// few resources: decoding ends, an error has a code and a text, and what a change makes of the
// resources comes back from the store as it went in.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/elbv2.h"
#include "api/operation_tables.h"
#include "api/query_parameters.h"
#include "chosen_operation.h"
#include "control/arns.h"
#include "fake_node_state.h"
#include "fuzz_input.h"
#include "store_check.h"

using namespace daruma;
using namespace daruma::api;

namespace {

shapes::Resources some_resources() {
  shapes::Resources all;
  shapes::TargetGroup& group = all.target_groups.emplace_back();
  group.name = "g";
  group.protocol = "HTTP";
  group.port = 80;
  group.identity.id = "0000000000000001";
  shapes::LoadBalancer& balancer = all.load_balancers.emplace_back();
  balancer.name = "b";
  balancer.identity.id = "0000000000000002";
  shapes::Listener& listener = balancer.listeners.emplace_back();
  listener.port = 80;
  listener.protocol = "HTTP";
  listener.identity.id = "0000000000000003";
  shapes::Action& action = listener.default_actions.emplace_back();
  action.type = "forward";
  action.target_group = "g";
  shapes::Rule& rule = listener.rules.emplace_back();
  rule.priority = 1;
  rule.actions = listener.default_actions;
  rule.identity.id = "0000000000000004";
  return all;
}

// In a body, or behind '?' in a query.
Expected<Parameter> parameters_of(std::string_view text) {
  return text.starts_with('?') ? parse_query(text.substr(1)) : parse_form(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const shapes::Resources declared;
  static const shapes::Resources created = some_resources();
  static const std::string file = "daruma.yaml";
  fuzz::Input input(data, size);
  const OperationRow* operation = &fuzz::chosen(elbv2::operation_table(), input.line());
  const auto parameters = parameters_of(input.rest());
  if (!parameters) {
    FUZZ_CHECK(!parameters.error().message.empty());
    return 0;
  }
  Catalog catalog(declared, created, file);
  if (operation->effect == Effect::changes) catalog.begin_change();
  const fuzz::FakeNodeState state;
  static const std::optional<shapes::Ec2Endpoint> nobody;
  static const Ec2Cache cache;
  static const std::vector<shapes::Bucket> buckets;
  static const OutsideAnswers nothing;
  Outside outside({catalog.inventory(), catalog.node(), nobody, cache, buckets, file, nothing, {}});
  Call call{catalog, state, outside,
            QueryReader(*parameters,
                        [&](const std::string& arn) -> Expected<std::string> {
                          const auto group = catalog.group(arn);
                          if (!group) return tl::unexpected(group.error());
                          return (*group)->name;
                        }),
            XmlWriter([&](const std::string& name) {
              const shapes::TargetGroup* group = catalog.group_named(name);
              return group ? control::arn_of(*group) : "";
            })};
  const auto done = operation->run(call);
  if (!done) {
    FUZZ_CHECK(!done.error().code.empty() && !done.error().message.empty());
  } else if (operation->effect == Effect::changes) {
    fuzz::check_store(catalog.take_created());
  }
  return 0;
}
