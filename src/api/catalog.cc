// SPDX-License-Identifier: Apache-2.0
#include "api/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "control/arns.h"

namespace daruma::api {
namespace {

using control::arn_of;
using std::string_view;

// The parts of an ARN after its prefix: {"loadbalancer", "app", name, id}. Empty if it is none.
std::vector<string_view> parts_of(string_view arn) {
  std::vector<string_view> parts;
  if (!arn.starts_with("arn:aws:elasticloadbalancing:")) return parts;
  for (int colons = 0; colons < 5; ++colons) {
    const size_t colon = arn.find(':');
    if (colon == string_view::npos) return parts;
    arn.remove_prefix(colon + 1);
  }
  while (true) {
    const size_t slash = arn.find('/');
    parts.push_back(arn.substr(0, slash));
    if (slash == string_view::npos) return parts;
    arn.remove_prefix(slash + 1);
  }
}

bool is_of_kind(const std::vector<string_view>& parts, string_view kind, size_t count) {
  return parts.size() == count && parts[0] == kind && (kind == "targetgroup" || parts[1] == "app");
}

tl::unexpected<ServiceError> no_arn(const std::string& arn, string_view what) {
  return invalid(fmt::format("'{}' is not a valid {} ARN", arn, what));
}

template <class List>
auto find_named(const List& list, string_view name) -> decltype(list.data()) {
  const auto found =
      std::ranges::find_if(list, [&](const auto& each) { return each.name == name; });
  return found == list.end() ? nullptr : &*found;
}

using GroupNames = std::set<string_view>;

void add_groups(const std::vector<shapes::Action>& actions, GroupNames& groups) {
  for (const shapes::Action& action : actions) {
    if (action.target_group) groups.insert(*action.target_group);
    if (!action.forward_config) continue;
    for (const auto& tuple : *action.forward_config) groups.insert(tuple.target_group);
  }
}

GroupNames groups_of(const shapes::LoadBalancer& balancer) {
  GroupNames groups;
  for (const shapes::Listener& listener : balancer.listeners) {
    add_groups(listener.default_actions, groups);
    for (const shapes::Rule& rule : listener.rules) add_groups(rule.actions, groups);
  }
  return groups;
}

}  // namespace

const shapes::LoadBalancer* Catalog::balancer_named(string_view name) const {
  const auto* found = find_named(declared_.load_balancers, name);
  return found ? found : find_named(created_->load_balancers, name);
}

const shapes::TargetGroup* Catalog::group_named(string_view name) const {
  const auto* found = find_named(declared_.target_groups, name);
  return found ? found : find_named(created_->target_groups, name);
}

const shapes::Certificate* Catalog::certificate_named(string_view name) const {
  const auto* found = find_named(declared_.certificates, name);
  return found ? found : find_named(created_->certificates, name);
}

const shapes::TrustStore* Catalog::trust_store_named(string_view name) const {
  const auto* found = find_named(declared_.trust_stores, name);
  return found ? found : find_named(created_->trust_stores, name);
}

Expected<const shapes::LoadBalancer*> Catalog::balancer(const std::string& arn) const {
  const auto parts = parts_of(arn);
  if (!is_of_kind(parts, "loadbalancer", 4)) return no_arn(arn, "load balancer");
  const shapes::LoadBalancer* found = balancer_named(parts[2]);
  if (found && arn_of(*found) == arn) return found;
  return refuse("LoadBalancerNotFound", fmt::format("Load balancer '{}' not found", arn));
}

Expected<const shapes::TargetGroup*> Catalog::group(const std::string& arn) const {
  const auto parts = parts_of(arn);
  if (!is_of_kind(parts, "targetgroup", 3)) return no_arn(arn, "target group");
  const shapes::TargetGroup* found = group_named(parts[1]);
  if (found && arn_of(*found) == arn) return found;
  return refuse("TargetGroupNotFound", fmt::format("Target groups '{}' not found", arn));
}

Expected<Catalog::ListenerPlace> Catalog::listener(const std::string& arn) const {
  const auto parts = parts_of(arn);
  if (!is_of_kind(parts, "listener", 5)) return no_arn(arn, "listener");
  if (const shapes::LoadBalancer* balancer = balancer_named(parts[2])) {
    for (const shapes::Listener& listener : balancer->listeners) {
      if (arn_of(*balancer, listener) == arn) return ListenerPlace{balancer, &listener};
    }
  }
  return refuse("ListenerNotFound", "One or more listeners not found");
}

Expected<Catalog::RulePlace> Catalog::rule(const std::string& arn) const {
  const auto parts = parts_of(arn);
  if (!is_of_kind(parts, "listener-rule", 6)) return no_arn(arn, "listener rule");
  const auto not_found = refuse("RuleNotFound", "One or more rules not found");
  const shapes::LoadBalancer* balancer = balancer_named(parts[2]);
  if (balancer == nullptr) return not_found;
  for (const shapes::Listener& listener : balancer->listeners) {
    if (control::id_of(*balancer, listener) != parts[4]) continue;
    if (control::default_rule_arn(*balancer, listener) == arn) {
      return RulePlace{balancer, &listener, nullptr};
    }
    for (const shapes::Rule& rule : listener.rules) {
      if (control::id_of(*balancer, listener, rule) != parts[5]) continue;
      if (arn_of(*balancer, listener, rule) == arn) return RulePlace{balancer, &listener, &rule};
    }
  }
  return not_found;
}

Expected<const shapes::Certificate*> Catalog::certificate(const std::string& arn) const {
  const shapes::Certificate* found = nullptr;
  each_certificate([&](const shapes::Certificate& certificate) {
    if (arn_of(certificate) == arn) found = &certificate;
  });
  if (found) return found;
  return refuse("CertificateNotFound", fmt::format("Certificate '{}' not found", arn));
}

Expected<const shapes::TrustStore*> Catalog::trust_store(const std::string& arn) const {
  const auto parts = parts_of(arn);
  if (parts.size() != 3 || parts[0] != "truststore") return no_arn(arn, "trust store");
  const shapes::TrustStore* found = trust_store_named(parts[1]);
  if (found && arn_of(*found) == arn) return found;
  return refuse("TrustStoreNotFound", fmt::format("Trust store '{}' not found", arn));
}

std::vector<std::string> Catalog::users_of(const std::string& group) const {
  auto all = users_by_group();
  const auto found = all.find(group);
  return found == all.end() ? std::vector<std::string>() : std::move(found->second);
}

Catalog::UsersByGroup Catalog::users_by_group() const {
  UsersByGroup users;
  each_balancer([&users](const shapes::LoadBalancer& balancer) {
    for (const string_view group : groups_of(balancer)) {
      users[std::string(group)].push_back(arn_of(balancer));
    }
  });
  return users;
}

void Catalog::begin_change() {
  DARUMA_ASSERT(!edited_);
  edited_ = before_;
  created_ = &*edited_;
}

tl::unexpected<ServiceError> Catalog::not_permitted(string_view what,
                                                    const std::string& name) const {
  return refuse("OperationNotPermitted",
                fmt::format("{} '{}' is declared in {}; change it there and reload", what, name,
                            config_file_));
}

// What was found lies in edited_, which is ours and not const.
Expected<shapes::LoadBalancer*> Catalog::edit(const shapes::LoadBalancer& balancer) {
  DARUMA_ASSERT(edited_);
  if (balancer.identity.id.empty()) return not_permitted("Load balancer", balancer.name);
  return const_cast<shapes::LoadBalancer*>(&balancer);
}

Expected<shapes::TargetGroup*> Catalog::edit(const shapes::TargetGroup& group) {
  DARUMA_ASSERT(edited_);
  if (group.identity.id.empty()) return not_permitted("Target group", group.name);
  return const_cast<shapes::TargetGroup*>(&group);
}

Expected<shapes::Listener*> Catalog::edit(const ListenerPlace& place) {
  if (const auto balancer = edit(*place.balancer); !balancer) {
    return tl::unexpected(balancer.error());
  }
  return const_cast<shapes::Listener*>(place.listener);
}

Expected<shapes::LoadBalancer*> Catalog::edit_balancer(const std::string& arn) {
  const auto found = balancer(arn);
  if (!found) return tl::unexpected(found.error());
  return edit(**found);
}

Expected<shapes::TargetGroup*> Catalog::edit_group(const std::string& arn) {
  const auto found = group(arn);
  if (!found) return tl::unexpected(found.error());
  return edit(**found);
}

Expected<Catalog::EditedListener> Catalog::edit_listener(const std::string& arn) {
  const auto place = listener(arn);
  if (!place) return tl::unexpected(place.error());
  const auto balancer = edit(*place->balancer);
  if (!balancer) return tl::unexpected(balancer.error());
  return EditedListener{*balancer, const_cast<shapes::Listener*>(place->listener)};
}

Expected<shapes::TrustStore*> Catalog::edit_trust_store(const std::string& arn) {
  DARUMA_ASSERT(edited_);
  const auto found = trust_store(arn);
  if (!found) return tl::unexpected(found.error());
  if ((*found)->identity.id.empty()) return not_permitted("Trust store", (*found)->name);
  return const_cast<shapes::TrustStore*>(*found);
}

Expected<shapes::Rule*> Catalog::edit(const RulePlace& place) {
  DARUMA_ASSERT(place.rule != nullptr);
  if (const auto balancer = edit(*place.balancer); !balancer) {
    return tl::unexpected(balancer.error());
  }
  return const_cast<shapes::Rule*>(place.rule);
}

}  // namespace daruma::api
