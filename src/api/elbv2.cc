// SPDX-License-Identifier: Apache-2.0
#include "api/elbv2.h"

#include <algorithm>
#include <array>

namespace daruma::api::elbv2 {
namespace {

using enum Effect;

constexpr OperationRow operations[] = {
    {"CreateLoadBalancer", changes, create_load_balancer},
    {"DescribeLoadBalancers", reads, describe_load_balancers},
    {"DeleteLoadBalancer", changes, delete_load_balancer},
    {"SetIpAddressType", changes, set_ip_address_type},
    {"SetSecurityGroups", changes, set_security_groups},
    {"SetSubnets", changes, set_subnets},
    {"CreateTargetGroup", changes, create_target_group},
    {"DescribeTargetGroups", reads, describe_target_groups},
    {"ModifyTargetGroup", changes, modify_target_group},
    {"DeleteTargetGroup", changes, delete_target_group},
    {"RegisterTargets", changes, register_targets},
    {"DeregisterTargets", changes, deregister_targets},
    {"DescribeTargetHealth", reads, describe_target_health},
    {"CreateListener", changes, create_listener},
    {"DescribeListeners", reads, describe_listeners},
    {"ModifyListener", changes, modify_listener},
    {"DeleteListener", changes, delete_listener},
    {"AddListenerCertificates", changes, add_listener_certificates},
    {"RemoveListenerCertificates", changes, remove_listener_certificates},
    {"DescribeListenerCertificates", reads, describe_listener_certificates},
    {"CreateRule", changes, create_rule},
    {"DescribeRules", reads, describe_rules},
    {"ModifyRule", changes, modify_rule},
    {"DeleteRule", changes, delete_rule},
    {"SetRulePriorities", changes, set_rule_priorities},
    {"DescribeLoadBalancerAttributes", reads, describe_load_balancer_attributes},
    {"ModifyLoadBalancerAttributes", changes, modify_load_balancer_attributes},
    {"DescribeTargetGroupAttributes", reads, describe_target_group_attributes},
    {"ModifyTargetGroupAttributes", changes, modify_target_group_attributes},
    {"DescribeListenerAttributes", reads, describe_listener_attributes},
    {"ModifyListenerAttributes", changes, modify_listener_attributes},
    {"AddTags", changes, add_tags},
    {"RemoveTags", changes, remove_tags},
    {"DescribeTags", reads, describe_tags},
    {"DescribeAccountLimits", reads, describe_account_limits},
    {"DescribeSSLPolicies", reads, describe_ssl_policies},
};

// The rest of the model: docs/api.md says so of each.
constexpr std::array<std::string_view, 15> missing{"ModifyIpPools",
                                                   "DescribeCapacityReservation",
                                                   "ModifyCapacityReservation",
                                                   "CreateTrustStore",
                                                   "DescribeTrustStores",
                                                   "ModifyTrustStore",
                                                   "DeleteTrustStore",
                                                   "AddTrustStoreRevocations",
                                                   "RemoveTrustStoreRevocations",
                                                   "DescribeTrustStoreRevocations",
                                                   "GetTrustStoreCaCertificatesBundle",
                                                   "GetTrustStoreRevocationContent",
                                                   "DescribeTrustStoreAssociations",
                                                   "DeleteSharedTrustStoreAssociation",
                                                   "GetResourcePolicy"};
static_assert(std::size(operations) + missing.size() == 51);

}  // namespace

const OperationRow* find_operation(std::string_view name) {
  const auto found = std::ranges::find(operations, name, &OperationRow::name);
  return found == std::end(operations) ? nullptr : &*found;
}

bool is_known(std::string_view name) {
  return find_operation(name) != nullptr || std::ranges::find(missing, name) != missing.end();
}

}  // namespace daruma::api::elbv2
