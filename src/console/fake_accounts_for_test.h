// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "console/accounts.h"

namespace daruma::console {

struct FakeAccounts final : Accounts {
  std::optional<Account> find(AccountKind kind, const std::string& name) const override {
    const auto found = all.find({kind, name});
    if (found == all.end()) return std::nullopt;
    return found->second;
  }
  std::string some_password_hash() const override {
    for (const auto& [name, account] : all) {
      if (account.kind == AccountKind::user) return account.proof;
    }
    return "";
  }
  void add(const Account& account) { all[{account.kind, account.name}] = account; }
  void remove(AccountKind kind, const std::string& name) { all.erase({kind, name}); }

  std::map<std::pair<AccountKind, std::string>, Account> all;
};

}  // namespace daruma::console
