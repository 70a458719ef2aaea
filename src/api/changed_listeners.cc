// SPDX-License-Identifier: Apache-2.0
#include "api/changed_listeners.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace daruma::api {
namespace {

namespace shapes = model::api;

bool serves_alike(const shapes::Listener& one, const shapes::Listener& other) {
  return one.port == other.port && one.protocol == other.protocol &&
         one.certificates == other.certificates && one.ssl_policy == other.ssl_policy &&
         one.mutual_authentication == other.mutual_authentication;
}

template <class List>
auto find_by_id(List& list, std::string_view id) {
  return std::ranges::find_if(list, [&](const auto& each) { return each.identity.id == id; });
}

}  // namespace

std::vector<ChangedListener> changed_listeners(const shapes::Resources& before,
                                               const shapes::Resources& after) {
  std::map<std::string_view, const shapes::Listener*> was;
  for (const auto& balancer : before.load_balancers) {
    for (const auto& listener : balancer.listeners) was[listener.identity.id] = &listener;
  }
  std::vector<ChangedListener> changed;
  for (const auto& balancer : after.load_balancers) {
    for (const auto& listener : balancer.listeners) {
      const auto known = was.find(listener.identity.id);
      if (known != was.end() && serves_alike(*known->second, listener)) continue;
      ChangedListener& row = changed.emplace_back();
      row.balancer_id = balancer.identity.id;
      row.balancer = balancer.name;
      row.id = listener.identity.id;
      row.port = listener.port.value_or(0);
      if (known != was.end()) row.former = *known->second;
    }
  }
  return changed;
}

std::string problem_of(std::span<const ChangedListener> listeners,
                       std::span<const model::ListenerProblem> problems) {
  for (const ChangedListener& listener : listeners) {
    const auto found = std::ranges::find_if(problems, [&](const model::ListenerProblem& problem) {
      return problem.load_balancer == listener.balancer && problem.port == listener.port;
    });
    if (found != problems.end()) return found->to_text();
  }
  return "";
}

void take_back(std::span<const ChangedListener> listeners, shapes::Resources& now) {
  for (const ChangedListener& changed : listeners) {
    const auto balancer = find_by_id(now.load_balancers, changed.balancer_id);
    if (balancer == now.load_balancers.end()) continue;
    const auto listener = find_by_id(balancer->listeners, changed.id);
    if (listener == balancer->listeners.end()) continue;
    if (!changed.former) {
      balancer->listeners.erase(listener);
      continue;
    }
    auto rules = std::move(listener->rules);
    *listener = *changed.former;
    listener->rules = std::move(rules);
  }
}

}  // namespace daruma::api
