// SPDX-License-Identifier: Apache-2.0
#include "console/accounts.h"

#include <utility>

#include "api/access_keys.h"

namespace daruma::console {
namespace {

bool may_change(const std::optional<std::string>& role) {
  return role.value_or("admin") == "admin";
}

}  // namespace

std::optional<Account> NodeAccounts::find(AccountKind kind, const std::string& name) const {
  const bool open_to_all = controller_.resources().admin.authentication == "none";
  if (open_to_all != (kind == AccountKind::nobody)) return std::nullopt;
  switch (kind) {
    case AccountKind::nobody:
      return Account{.may_change = true};
    case AccountKind::access_key:
      return find_key(name);
    case AccountKind::user:
      return find_user(name);
  }
  return std::nullopt;
}

std::string NodeAccounts::some_password_hash() const {
  const auto& users = controller_.resources().admin.users;
  return users.empty() ? "" : users.front().password_hash;
}

// Those of the data directory first, as for the API.
std::optional<Account> NodeAccounts::find_key(const std::string& id) const {
  std::optional<model::api::AccessKey> key;
  if (created_ != nullptr) key = api::find_access_key(data_directory_, created_->vault, id);
  for (const auto& declared : controller_.resources().admin.access_keys) {
    if (!key && declared.id == id) key = declared;
  }
  if (!key || !key->secret) return std::nullopt;
  return Account{AccountKind::access_key, id, may_change(key->role), *key->secret};
}

std::optional<Account> NodeAccounts::find_user(const std::string& name) const {
  for (const auto& user : controller_.resources().admin.users) {
    if (user.name == name)
      return Account{AccountKind::user, name, may_change(user.role), user.password_hash};
  }
  return std::nullopt;
}

}  // namespace daruma::console
