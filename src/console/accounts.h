// SPDX-License-Identifier: Apache-2.0
//
// Who may log in to the console, as of now: access keys of the file and of the data directory, by
// their secret, and users of the file, by password. Control thread; a look for a key of the data
// directory reads a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/created.h"
#include "control/controller.h"

namespace daruma::console {

enum class AccountKind : uint8_t {
  nobody,  // Authentication: none
  access_key,
  user,
};

struct Account {
  AccountKind kind = AccountKind::nobody;
  std::string name{};       // "" of nobody
  bool may_change = false;  // the role is admin
  std::string proof{};      // the key's secret; the password's hash
};

class Accounts {
 public:
  // Nullopt: there is no such account, or nobody logs in here (or, of `nobody`, everybody has to).
  virtual std::optional<Account> find(AccountKind kind, const std::string& name) const = 0;
  // Some user's, whose costs a password of nobody's is to have too; "" if there is no user.
  virtual std::string some_password_hash() const = 0;

 protected:
  ~Accounts() = default;
};

class NodeAccounts final : public Accounts {
 public:
  // Both outlive it; `created` is null without a data directory.
  NodeAccounts(const control::Controller& controller, const api::Created* created,
               std::string data_directory)
      : controller_(controller), created_(created), data_directory_(std::move(data_directory)) {}

  std::optional<Account> find(AccountKind kind, const std::string& name) const override;
  std::string some_password_hash() const override;

 private:
  std::optional<Account> find_key(const std::string& id) const;
  std::optional<Account> find_user(const std::string& name) const;

  const control::Controller& controller_;
  const api::Created* const created_;
  const std::string data_directory_;
};

}  // namespace daruma::console
