// SPDX-License-Identifier: Apache-2.0
//
// Access keys that `daruma keys` made: a file of the data directory for each,
// DIRECTORY/access-keys/ID, with the secret sealed (api/key_vault). Read when a request names the
// key, so that what is made or deleted counts at once, with or without a running daruma. Waits for
// the disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/key_vault.h"
#include "base/result.h"
#include "model/resources.h"

namespace daruma::api {

struct MadeKey {
  model::api::AccessKey key;  // with its secret
  std::string created;        // ISO 8601, UTC
};

// Makes one; the directory must be there. `role`: admin or read-only.
Result<MadeKey> make_access_key(const std::string& directory, const std::string& role,
                                const std::string& now);
// In order of their ids, without secrets.
Result<std::vector<MadeKey>> access_keys(const std::string& directory);
Result<void> delete_access_key(const std::string& directory, const std::string& id);

// Nullopt if there is no such key, or it cannot be read or opened.
std::optional<model::api::AccessKey> find_access_key(const std::string& directory,
                                                     const KeyVault& vault, std::string_view id);

}  // namespace daruma::api
