// SPDX-License-Identifier: Apache-2.0
//
// What the API made, as a data directory keeps it: DIRECTORY/store.db, with private keys sealed
// under DIRECTORY/secrets.key. Waits for the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/key_vault.h"
#include "base/result.h"
#include "model/resources.h"
#include "store/store.h"

namespace daruma::api {

struct Created {
  std::unique_ptr<store::Store> store;
  KeyVault vault;
  uint64_t revision = 0;  // of the store
  model::api::Resources resources;
};

inline std::string store_file(const std::string& directory) {
  return directory + "/store.db";
}

// Makes what is missing. `file`: the store, if it is not the directory's own.
Result<Created> open_created(const std::string& directory, const std::string& file);
inline Result<Created> open_created(const std::string& directory) {
  return open_created(directory, store_file(directory));
}

// What it has, read only: nothing is made, brought up to date or kept open.
Result<model::api::Resources> read_created(const std::string& directory);

}  // namespace daruma::api
