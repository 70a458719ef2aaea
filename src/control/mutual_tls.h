// SPDX-License-Identifier: Apache-2.0
//
// Trust stores, and what listeners ask of their clients' certificates (MutualAuthentication), from
// configuration to snapshot. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/result.h"
#include "control/issues.h"
#include "model/resources.h"
#include "model/snapshot.h"

namespace daruma::control {

// What a bundle, or a file of revocation lists, holds, checked against AWS's rules and limits; or
// what is wrong with it, and nothing is set.
Result<void> set_bundle(model::api::TrustStore& store, std::string ca_pem);
Result<void> set_content(model::api::Revocation& revocation, std::string content);
// Whether the lists are of the bundle's authorities, or what is wrong. Who has changed either asks
// this: it hashes the lists, which validate_trust_store, asked at every change of anything, does
// not.
Result<void> check_lists(const model::api::TrustStore& store);
// Of all revocation lists of the store.
int64_t revoked_entries(const model::api::TrustStore& store);

void validate_trust_store(const model::api::TrustStore& store, const Path& path, Issues& issues);
// `known`: names of trust stores; null if they are not known for sure.
void validate_mutual_tls(const model::api::Listener& listener, const std::set<std::string>* known,
                         const Path& path, Issues& issues);

// REQUIRES for both: validated, and check_lists(). One that `former` (may be null) has as it is is
// taken from there: a store may hold hundreds of thousands of entries.
model::TrustStore compile_trust_store(const model::api::TrustStore& store,
                                      const model::Snapshot* former);
// The rest, the names of fields, is compile_listener_fields'.
void compile_mutual_tls(const model::api::Listener& listener,
                        const std::map<std::string, uint32_t>& trust_stores, model::MutualTls& to);

}  // namespace daruma::control
