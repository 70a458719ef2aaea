// SPDX-License-Identifier: Apache-2.0
#include "api/elbv2.h"

#include <algorithm>

#include "api/operation_tables.h"

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
    {"DescribeCapacityReservation", reads, describe_capacity_reservation},
    {"ModifyCapacityReservation", changes, modify_capacity_reservation},
    {"ModifyIpPools", changes, modify_ip_pools},
    {"CreateTrustStore", changes, create_trust_store},
    {"DescribeTrustStores", reads, describe_trust_stores},
    {"ModifyTrustStore", changes, modify_trust_store},
    {"DeleteTrustStore", changes, delete_trust_store},
    {"AddTrustStoreRevocations", changes, add_trust_store_revocations},
    {"RemoveTrustStoreRevocations", changes, remove_trust_store_revocations},
    {"DescribeTrustStoreRevocations", reads, describe_trust_store_revocations},
    {"GetTrustStoreCaCertificatesBundle", reads, get_trust_store_ca_certificates_bundle},
    {"GetTrustStoreRevocationContent", reads, get_trust_store_revocation_content},
    {"DescribeTrustStoreAssociations", reads, describe_trust_store_associations},
    {"DeleteSharedTrustStoreAssociation", changes, delete_shared_trust_store_association},
    {"GetResourcePolicy", reads, get_resource_policy},
};
static_assert(std::size(operations) == 51);

}  // namespace

std::span<const OperationRow> operation_table() {
  return operations;
}

const OperationRow* find_operation(std::string_view name) {
  const auto found = std::ranges::find(operations, name, &OperationRow::name);
  return found == std::end(operations) ? nullptr : &*found;
}

}  // namespace daruma::api::elbv2
