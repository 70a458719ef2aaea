// SPDX-License-Identifier: Apache-2.0
//
// All resources of the node as one operation of the API sees them: what daruma.yaml declares, which
// it may only read, and what the API made, of which a change works on a copy of its own. Found by
// ARN and by name. Lives as long as one operation.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/service_error.h"
#include "model/resources.h"

namespace daruma::api {

namespace shapes = model::api;

class Catalog {
 public:
  // All outlive the catalog.
  Catalog(const shapes::Resources& declared, const shapes::Resources& created,
          const std::string& config_file)
      : declared_(declared), before_(created), created_(&created), config_file_(config_file) {}
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  struct ListenerPlace {
    const shapes::LoadBalancer* balancer;
    const shapes::Listener* listener;
  };
  struct RulePlace {
    const shapes::LoadBalancer* balancer;
    const shapes::Listener* listener;
    const shapes::Rule* rule;  // null: the default rule
  };

  // By ARN: ValidationError if it is none of that kind, …NotFound if there is no such resource.
  Expected<const shapes::LoadBalancer*> balancer(const std::string& arn) const;
  Expected<const shapes::TargetGroup*> group(const std::string& arn) const;
  Expected<ListenerPlace> listener(const std::string& arn) const;
  Expected<RulePlace> rule(const std::string& arn) const;
  Expected<const shapes::Certificate*> certificate(const std::string& arn) const;
  Expected<const shapes::TrustStore*> trust_store(const std::string& arn) const;
  // By name; null if there is none.
  const shapes::LoadBalancer* balancer_named(std::string_view name) const;
  const shapes::TargetGroup* group_named(std::string_view name) const;
  const shapes::Certificate* certificate_named(std::string_view name) const;
  const shapes::TrustStore* trust_store_named(std::string_view name) const;

  template <class F>
  void each_balancer(F f) const {
    for (const auto& balancer : declared_.load_balancers) f(balancer);
    for (const auto& balancer : created_->load_balancers) f(balancer);
  }
  template <class F>
  void each_group(F f) const {
    for (const auto& group : declared_.target_groups) f(group);
    for (const auto& group : created_->target_groups) f(group);
  }
  template <class F>
  void each_certificate(F f) const {
    for (const auto& certificate : declared_.certificates) f(certificate);
    for (const auto& certificate : created_->certificates) f(certificate);
  }
  template <class F>
  void each_trust_store(F f) const {
    for (const auto& store : declared_.trust_stores) f(store);
    for (const auto& store : created_->trust_stores) f(store);
  }
  // ARNs of load balancers with an action that names the group. Each call walks all rules: whoever
  // asks for several groups takes the map.
  std::vector<std::string> users_of(const std::string& group) const;
  using UsersByGroup = std::map<std::string, std::vector<std::string>, std::less<>>;
  UsersByGroup users_by_group() const;

  const shapes::Node& node() const { return declared_.node; }
  bool has_local_authority() const { return declared_.local_authority.value_or(false); }
  const shapes::Inventory& inventory() const { return created_->inventory; }

  // From now on created() may be changed; what was found before stays as it was and is no longer
  // found. REQUIRES: called once, first.
  void begin_change();
  bool changing() const { return edited_.has_value(); }
  shapes::Resources& created() { return *edited_; }
  // As it was; and what it became, to be applied.
  const shapes::Resources& before() const { return before_; }
  shapes::Resources take_created() { return std::move(*edited_); }

  // What was found, to be changed; OperationNotPermitted if the file declares it. REQUIRES: a
  // change was begun before it was found.
  Expected<shapes::LoadBalancer*> edit(const shapes::LoadBalancer& balancer);
  Expected<shapes::TargetGroup*> edit(const shapes::TargetGroup& group);
  Expected<shapes::Listener*> edit(const ListenerPlace& place);
  // REQUIRES: not the default rule.
  Expected<shapes::Rule*> edit(const RulePlace& place);
  // The same by ARN.
  struct EditedListener {
    shapes::LoadBalancer* balancer;
    shapes::Listener* listener;
  };
  Expected<shapes::LoadBalancer*> edit_balancer(const std::string& arn);
  Expected<shapes::TargetGroup*> edit_group(const std::string& arn);
  Expected<EditedListener> edit_listener(const std::string& arn);
  Expected<shapes::TrustStore*> edit_trust_store(const std::string& arn);
  tl::unexpected<ServiceError> not_permitted(std::string_view what, const std::string& name) const;

 private:
  const shapes::Resources& declared_;
  const shapes::Resources& before_;
  const shapes::Resources* created_;
  const std::string& config_file_;
  std::optional<shapes::Resources> edited_;
};

}  // namespace daruma::api
