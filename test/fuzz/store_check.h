// SPDX-License-Identifier: Apache-2.0
//
// What a change made comes back from the store as it went in.
#pragma once

#include <string>
#include <vector>

#include "api/records.h"
#include "fuzz_input.h"

namespace daruma::fuzz {

inline void check_store(const model::api::Resources& created) {
  static const api::KeyVault vault(std::string(32, 'k'));
  std::vector<store::Row> rows;
  for (const store::Change& change : api::changes_between({}, created, vault)) {
    rows.push_back({change.kind, change.key, change.value.value_or("")});
  }
  const auto back = api::resources_of(rows, vault);
  FUZZ_CHECK(back);
  FUZZ_CHECK(api::changes_between(created, *back, vault).empty());
}

}  // namespace daruma::fuzz
