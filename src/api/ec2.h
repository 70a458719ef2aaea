// SPDX-License-Identifier: Apache-2.0
//
// The part of EC2 that load balancers' scripts ask before they call elbv2: the node's network
// (api/network.h) and the inventory (api/ec2_inventory.h). The ec2 protocol: as Query, but lists
// are numbered without "member", and errors have another form. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/ec2_items.h"
#include "api/query_parameters.h"
#include "api/service_error.h"
#include "control/admin_server.h"
#include "model/resources.h"

namespace daruma::api::ec2 {

inline constexpr std::string_view version = "2016-11-15";

// The operations that change nothing.
std::vector<std::string_view> descriptions();
// The answer's elements. InvalidAction if this release does not have the operation.
Expected<std::string> describe(std::string_view action, const Parameter& parameters,
                               const Whole& whole);

// Whether an operation is only tried (DryRun=true), which is none of its parameters.
Expected<bool> take_dry_run(Parameter& parameters);
// The answer if it was, and nothing was wrong.
tl::unexpected<ServiceError> would_have_succeeded();

// EC2 has a name of its own for what a role may not.
ServiceError in_own_words(ServiceError error);

control::AdminResponse success(std::string_view action, std::string_view request_id,
                               std::string_view elements);
control::AdminResponse failure(std::string_view request_id, const ServiceError& error);

}  // namespace daruma::api::ec2
