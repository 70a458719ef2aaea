// SPDX-License-Identifier: Apache-2.0
#include "control/configuration_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <variant>
#include <vector>

namespace daruma::control {
namespace {

using model::Snapshot;

template <class T, class Key>
std::map<Key, const T*> by_key(const std::vector<T>& list, Key (*key)(const T&)) {
  std::map<Key, const T*> table;
  for (const T& item : list) table[key(item)] = &item;
  return table;
}

std::string name_of_balancer(const model::LoadBalancer& balancer) {
  return balancer.name;
}
std::string name_of_group(const model::TargetGroup& group) {
  return group.name;
}
uint16_t port_of(const model::Listener& listener) {
  return listener.port;
}

// With the names of its groups, since their places mean nothing in another snapshot.
struct NamedAction {
  model::Action action;
  std::vector<std::string> groups;
  bool operator==(const NamedAction&) const = default;
};
NamedAction named(const model::Action& action, const Snapshot& in) {
  NamedAction its{action, {}};
  if (auto* forward = std::get_if<model::ForwardAction>(&its.action)) {
    for (auto& group : forward->groups) {
      its.groups.push_back(in.target_groups[group.group].name);
      group.group = 0;
    }
  }
  return its;
}

class Comparison {
 public:
  Comparison(const Snapshot& before, const Snapshot& after) : before_(before), after_(after) {}

  std::string run() {
    const auto were = by_key(before_.load_balancers, name_of_balancer);
    const auto are = by_key(after_.load_balancers, name_of_balancer);
    compare(were, are, "load balancer {} {}",
            [this](const auto& was, const auto& is) { balancers(was, is); });
    compare(by_key(before_.target_groups, name_of_group),
            by_key(after_.target_groups, name_of_group), "target group {} {}",
            [this](const auto& was, const auto& is) { groups(was, is); });
    return text();
  }

 private:
  template <class Key, class T, class F>
  void compare(const std::map<Key, const T*>& were, const std::map<Key, const T*>& are,
               const char* what, F both) {
    for (const auto& [key, was] : were) {
      const auto found = are.find(key);
      if (found == are.end()) {
        add(fmt::format(fmt::runtime(what), key, "removed"));
      } else {
        both(*was, *found->second);
      }
    }
    for (const auto& [key, is] : are) {
      if (!were.contains(key)) add(fmt::format(fmt::runtime(what), key, "added"));
    }
  }

  void balancers(const model::LoadBalancer& was, const model::LoadBalancer& is) {
    if (was.shifted_zone != is.shifted_zone) {
      add(is.shifted_zone.empty()
              ? fmt::format("load balancer {}: traffic goes to {} again", is.name, was.shifted_zone)
              : fmt::format("load balancer {}: traffic shifted away from {}", is.name,
                            is.shifted_zone));
    }
    const std::string what = "listener " + is.name + ":{} {}";
    compare(by_key(was.listeners, port_of), by_key(is.listeners, port_of), what.c_str(),
            [&](const auto& one, const auto& other) { listeners(is.name, one, other); });
  }

  void listeners(const std::string& balancer, const model::Listener& was,
                 const model::Listener& is) {
    if (!same_rules(was, is)) add(fmt::format("listener {}:{}: rules changed", balancer, is.port));
    if (fingerprints(was, before_) != fingerprints(is, after_) || was.ssl_policy != is.ssl_policy ||
        was.protocol != is.protocol) {
      add(fmt::format("listener {}:{}: protocol or certificates changed", balancer, is.port));
    }
    if (mutual_tls(was, before_) != mutual_tls(is, after_))
      add(fmt::format("listener {}:{}: mutual TLS or its trust store changed", balancer, is.port));
  }

  bool same_rules(const model::Listener& was, const model::Listener& is) const {
    return std::ranges::equal(was.rules, is.rules, [this](const auto& one, const auto& other) {
      return one.priority == other.priority && one.conditions == other.conditions &&
             named(one.action, before_) == named(other.action, after_);
    });
  }

  static std::vector<std::string> fingerprints(const model::Listener& listener,
                                               const Snapshot& in) {
    std::vector<std::string> prints;
    for (const uint32_t index : listener.certificates)
      prints.push_back(in.certificates[index].fingerprint);
    return prints;
  }

  static std::string mutual_tls(const model::Listener& listener, const Snapshot& in) {
    const model::MutualTls& mutual = listener.mutual_tls;
    std::string text = fmt::format("{} {} {}", static_cast<int>(mutual.mode), mutual.ignore_expiry,
                                   mutual.advertise_names);
    if (mutual.mode == model::MutualTlsMode::verify)
      text += in.trust_stores[mutual.trust_store].fingerprint;
    return text;
  }

  void groups(const model::TargetGroup& was, const model::TargetGroup& is) {
    const std::set<std::string> were = targets(was);
    const std::set<std::string> are = targets(is);
    list(were, are, fmt::format("target group {}: deregistered ", is.name));
    list(are, were, fmt::format("target group {}: registered ", is.name));
    if (was.health_check != is.health_check)
      add(fmt::format("target group {}: health check changed", is.name));
  }

  static std::set<std::string> targets(const model::TargetGroup& group) {
    std::set<std::string> names;
    for (const model::Target& target : group.targets) names.insert(target.key.to_string());
    return names;
  }

  // Those of one that are not in the other.
  void list(const std::set<std::string>& of, const std::set<std::string>& not_in,
            const std::string& begin) {
    constexpr size_t named_max = 5;
    std::vector<std::string> names;
    std::ranges::set_difference(of, not_in, std::back_inserter(names));
    if (names.empty()) return;
    const size_t more = names.size() - std::min(names.size(), named_max);
    names.resize(names.size() - more);
    add(begin + fmt::format("{}", fmt::join(names, ", ")) +
        (more > 0 ? fmt::format(" and {} more", more) : ""));
  }

  void add(std::string line) { lines_.push_back(std::move(line)); }

  std::string text() {
    if (lines_.size() > change_lines_max) {
      const size_t more = lines_.size() - (change_lines_max - 1);
      lines_.resize(change_lines_max - 1);
      add(fmt::format("and {} more", more));
    }
    return fmt::format("{}", fmt::join(lines_, "\n"));
  }

  const Snapshot& before_;
  const Snapshot& after_;
  std::vector<std::string> lines_;
};

}  // namespace

std::string change_between(const Snapshot& before, const Snapshot& after) {
  return Comparison(before, after).run();
}

}  // namespace daruma::control
