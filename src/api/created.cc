// SPDX-License-Identifier: Apache-2.0
#include "api/created.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "api/records.h"

namespace daruma::api {
namespace {

// A fresh key would open nothing, and stand where the right one has to go.
Result<void> check_key(const store::Contents& contents, const std::string& directory) {
  if (!has_secrets(contents.rows) || std::filesystem::exists(KeyVault::file(directory))) return {};
  return fail(
      fmt::format("{} is missing, but the store has private keys that were sealed with it; "
                  "put it back from where you keep it",
                  KeyVault::file(directory)));
}

}  // namespace

Result<Created> open_created(const std::string& directory, const std::string& file) {
  auto store = store::Store::open(file);
  if (!store) return fail(store.error().message);
  const auto contents = (*store)->load();
  if (!contents) return fail(contents.error().message);
  if (const auto there = check_key(*contents, directory); !there) {
    return fail(there.error().message);
  }
  auto vault = KeyVault::open(directory);
  if (!vault) return fail(vault.error().message);
  auto resources = resources_of(contents->rows, *vault);
  if (!resources) return fail(resources.error().message);
  return Created{std::move(*store), std::move(*vault), contents->revision, std::move(*resources)};
}

Result<model::api::Resources> read_created(const std::string& directory) {
  const auto contents = store::Store::read(store_file(directory));
  if (!contents) return fail(contents.error().message);
  if (const auto there = check_key(*contents, directory); !there) {
    return fail(there.error().message);
  }
  if (!has_secrets(contents->rows)) return resources_of(contents->rows, KeyVault::opens_nothing());
  const auto vault = KeyVault::open(directory);
  if (!vault) return fail(vault.error().message);
  return resources_of(contents->rows, *vault);
}

}  // namespace daruma::api
