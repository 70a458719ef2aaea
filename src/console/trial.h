// SPDX-License-Identifier: Apache-2.0
//
// What would become of a request: which rule takes it, and why those before it do not; which target
// groups and targets it may then reach, and why. By the code that serves requests: the parser, the
// guard, the compiled rules, the target sets. Nothing is sent. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "control/group_health.h"
#include "model/resources.h"
#include "model/snapshot.h"

namespace daruma::console {

struct TrialRequest {
  bool tls = false;
  std::string authority;  // "example.com:8080"
  std::string target;     // path and query, "/a?b=c"
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> fields{};
  Address source;
  std::string load_balancer{};         // "": the only one that has the listener
  std::optional<uint16_t> listener{};  // its port; nullopt: the URL's
  uint16_t port = 80;                  // the URL's
};

// Of the query url=&method=&header=Name: value&source=&load_balancer=&listener=, of which header
// may come several times. Or what is wrong.
Result<TrialRequest> parse_trial(std::string_view query);

struct TrialNode {
  const model::Snapshot& snapshot;
  const model::api::Resources& resources;  // the same, with the rules' ARNs
  const control::HealthOf& health_of;
};
// As JSON (docs/console.md). Or what is wrong.
Result<std::string> trial_json(const TrialNode& node, const TrialRequest& request);

}  // namespace daruma::console
