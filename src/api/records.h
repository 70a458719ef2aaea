// SPDX-License-Identifier: Apache-2.0
//
// Resources that the API made ↔ rows of the store: a row per load balancer, listener, rule, target
// group (with its targets), certificate, trust store, revocation list, and item of the inventory,
// under its id. Private keys are sealed.
#pragma once

#include <span>
#include <vector>

#include "api/key_vault.h"
#include "base/result.h"
#include "model/resources.h"
#include "store/store.h"

namespace daruma::api {

// What has to be written so that the store has `after` where it had `before`.
std::vector<store::Change> changes_between(const model::api::Resources& before,
                                           const model::api::Resources& after,
                                           const KeyVault& vault);

// Fails if a row is not of our making, was sealed with another key, or belongs to another that is
// not there.
Result<model::api::Resources> resources_of(std::span<const store::Row> rows, const KeyVault& vault);

// Whether some of it is sealed with the vault's key.
bool has_secrets(std::span<const store::Row> rows);

}  // namespace daruma::api
