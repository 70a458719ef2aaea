// SPDX-License-Identifier: Apache-2.0
//
// Which listeners a change opens anew or serves otherwise, so that it can be taken back if a worker
// cannot: of an answered change nothing is half made. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/letter.h"
#include "model/resources.h"

namespace daruma::api {

struct ChangedListener {
  std::string balancer_id;
  std::string balancer;  // its name
  std::string id;
  int64_t port = 0;
  std::optional<model::api::Listener> former;  // nullopt: it is new
};

// Those whose port, protocol, certificates, policy or mutual TLS are others than before.
std::vector<ChangedListener> changed_listeners(const model::api::Resources& before,
                                               const model::api::Resources& after);

// What the workers tell of one of them, for people; "" if they serve all.
std::string problem_of(std::span<const ChangedListener> listeners,
                       std::span<const model::ListenerProblem> problems);

// New ones go; the others are as before, but for their rules. What is gone by now stays gone.
void take_back(std::span<const ChangedListener> listeners, model::api::Resources& now);

}  // namespace daruma::api
