// SPDX-License-Identifier: Apache-2.0
//
// Who is logged in to the console. A session is named by a token of 256 random bits, which only its
// browser has (here is the token's SHA-256), and lasts until its owner logs out, does nothing for
// half an hour, or 12 hours have passed; and no longer than its account is there with the same
// secret. Control thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/digest.h"
#include "base/time.h"
#include "console/accounts.h"
#include "io/loop.h"

namespace daruma::console {

using SessionId = api::Digest;

struct Session {
  AccountKind kind = AccountKind::nobody;
  std::string name;
  bool may_change = false;  // as of the last look at its account
  std::string csrf_token;   // that every change brings (X-Daruma-Csrf)
  api::Digest proof{};      // of the account's secret when it was begun
  Instant ends{};           // at the latest
  Instant used{};           // when it was last asked for
};

class Sessions {
 public:
  static constexpr Duration idle_timeout = 30min;
  static constexpr Duration age_max = 12h;
  // Then the one that was used longest ago ends: of the same name, of all.
  static constexpr size_t of_one_account_max = 32;
  static constexpr size_t sessions_max = 256;

  // Both outlive it.
  Sessions(io::Loop& loop, const Accounts& accounts) : loop_(loop), accounts_(accounts) {}
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  // The new session's token.
  std::string begin(const Account& account);
  // Null if there is none, or it has just ended. Counts as use. Good until the next call.
  const Session* find(const SessionId& id);
  void end(const SessionId& id) { sessions_.erase(id); }

  static SessionId id_of(std::string_view token) { return api::sha256(token); }
  size_t size() const { return sessions_.size(); }

 private:
  // Nullopt: the session is over.
  std::optional<Account> account_of(const Session& session) const;
  void make_room(const Account& account);

  io::Loop& loop_;
  const Accounts& accounts_;
  std::map<SessionId, Session> sessions_;
};

}  // namespace daruma::console
