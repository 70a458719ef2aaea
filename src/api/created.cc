// SPDX-License-Identifier: Apache-2.0
#include "api/created.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "api/records.h"

namespace daruma::api {

Result<Created> open_created(const std::string& directory, const std::string& file) {
  auto store = store::Store::open(file);
  if (!store) return fail(store.error().message);
  const auto contents = (*store)->load();
  if (!contents) return fail(contents.error().message);
  // A fresh key would open nothing, and stand where the right one has to go.
  if (has_secrets(contents->rows) && !std::filesystem::exists(KeyVault::file(directory))) {
    return fail(
        fmt::format("{} is missing, but the store has private keys that were sealed with it; "
                    "put it back from where you keep it",
                    KeyVault::file(directory)));
  }
  auto vault = KeyVault::open(directory);
  if (!vault) return fail(vault.error().message);
  auto resources = resources_of(contents->rows, *vault);
  if (!resources) return fail(resources.error().message);
  return Created{std::move(*store), std::move(*vault), contents->revision, std::move(*resources)};
}

}  // namespace daruma::api
