// SPDX-License-Identifier: Apache-2.0
#include "api/created.h"

#include <utility>

#include "api/records.h"

namespace daruma::api {

Result<Created> open_created(const std::string& directory, const std::string& file) {
  auto store = store::Store::open(file);
  if (!store) return fail(store.error().message);
  auto vault = KeyVault::open(directory);
  if (!vault) return fail(vault.error().message);
  const auto contents = (*store)->load();
  if (!contents) return fail(contents.error().message);
  auto resources = resources_of(contents->rows, *vault);
  if (!resources) return fail(resources.error().message);
  return Created{std::move(*store), std::move(*vault), contents->revision, std::move(*resources)};
}

}  // namespace daruma::api
