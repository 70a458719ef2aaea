// SPDX-License-Identifier: Apache-2.0
//
// Internal to api/acm*. Certificates that the node issues itself (api/local_authority). Both are
// refused unless daruma.yaml has Certificates.LocalAuthority.
#pragma once

#include "api/acm.h"

namespace daruma::api::acm {

Expected<void> request(JsonCall& call);  // RequestCertificate: ISSUED at once
Expected<void> renew(JsonCall& call);    // RenewCertificate: now

// Renews some of those of `catalog` that near their end; how many: keys take time, so no more than
// renewals_per_turn_max. Fails if none could be, and one had to. REQUIRES: a change was begun, and
// the node has its local authority.
inline constexpr size_t renewals_per_turn_max = 4;
Expected<size_t> renew_due(Catalog& catalog, const NodeState& node, FactsCache& facts);

}  // namespace daruma::api::acm
