// SPDX-License-Identifier: Apache-2.0
//
// The operations of the elbv2 API (version 2015-12-01), all of them, each reading its
// input and writing its result. A change happens in the catalog's copy: whoever called checks the
// whole, makes it durable and publishes it.
#pragma once

#include <string_view>

#include "api/call.h"

namespace daruma::api::elbv2 {

inline constexpr std::string_view version = "2015-12-01";
inline constexpr std::string_view xml_namespace =
    "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

// Null if the elbv2 model has none of that name.
const OperationRow* find_operation(std::string_view name);

Expected<void> create_load_balancer(Call& call);
Expected<void> describe_load_balancers(Call& call);
Expected<void> delete_load_balancer(Call& call);
Expected<void> set_ip_address_type(Call& call);
Expected<void> set_security_groups(Call& call);
Expected<void> set_subnets(Call& call);

Expected<void> create_target_group(Call& call);
Expected<void> describe_target_groups(Call& call);
Expected<void> modify_target_group(Call& call);
Expected<void> delete_target_group(Call& call);
Expected<void> register_targets(Call& call);
Expected<void> deregister_targets(Call& call);
Expected<void> describe_target_health(Call& call);

Expected<void> create_listener(Call& call);
Expected<void> describe_listeners(Call& call);
Expected<void> modify_listener(Call& call);
Expected<void> delete_listener(Call& call);
Expected<void> add_listener_certificates(Call& call);
Expected<void> remove_listener_certificates(Call& call);
Expected<void> describe_listener_certificates(Call& call);

Expected<void> create_rule(Call& call);
Expected<void> describe_rules(Call& call);
Expected<void> modify_rule(Call& call);
Expected<void> delete_rule(Call& call);
Expected<void> set_rule_priorities(Call& call);

Expected<void> describe_load_balancer_attributes(Call& call);
Expected<void> modify_load_balancer_attributes(Call& call);
Expected<void> describe_target_group_attributes(Call& call);
Expected<void> modify_target_group_attributes(Call& call);
Expected<void> describe_listener_attributes(Call& call);
Expected<void> modify_listener_attributes(Call& call);

Expected<void> add_tags(Call& call);
Expected<void> remove_tags(Call& call);
Expected<void> describe_tags(Call& call);

Expected<void> describe_account_limits(Call& call);
Expected<void> describe_ssl_policies(Call& call);

Expected<void> describe_capacity_reservation(Call& call);
Expected<void> modify_capacity_reservation(Call& call);
Expected<void> modify_ip_pools(Call& call);

Expected<void> create_trust_store(Call& call);
Expected<void> describe_trust_stores(Call& call);
Expected<void> modify_trust_store(Call& call);
Expected<void> delete_trust_store(Call& call);
Expected<void> add_trust_store_revocations(Call& call);
Expected<void> remove_trust_store_revocations(Call& call);
Expected<void> describe_trust_store_revocations(Call& call);
Expected<void> get_trust_store_ca_certificates_bundle(Call& call);
Expected<void> get_trust_store_revocation_content(Call& call);
Expected<void> describe_trust_store_associations(Call& call);
Expected<void> delete_shared_trust_store_association(Call& call);
Expected<void> get_resource_policy(Call& call);

}  // namespace daruma::api::elbv2
