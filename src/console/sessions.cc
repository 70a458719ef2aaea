// SPDX-License-Identifier: Apache-2.0
#include "console/sessions.h"

namespace daruma::console {
namespace {

constexpr size_t token_bytes = 32;

}  // namespace

std::string Sessions::begin(const Account& account) {
  make_room(account);
  std::string token = api::random_hex(token_bytes);
  const Instant now = loop_.now();
  sessions_[id_of(token)] = {.kind = account.kind,
                             .name = account.name,
                             .may_change = account.may_change,
                             .csrf_token = api::random_hex(token_bytes),
                             .proof = api::sha256(account.proof),
                             .ends = now + age_max,
                             .used = now};
  return token;
}

const Session* Sessions::find(const SessionId& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  Session& session = found->second;
  const auto account = account_of(session);
  if (!account) {
    sessions_.erase(found);
    return nullptr;
  }
  session.used = loop_.now();
  session.may_change = account->may_change;
  return &session;
}

std::optional<Account> Sessions::account_of(const Session& session) const {
  const Instant now = loop_.now();
  if (now >= session.ends || now >= session.used + idle_timeout) return std::nullopt;
  auto account = accounts_.find(session.kind, session.name);
  if (!account || api::sha256(account->proof) != session.proof) return std::nullopt;
  return account;
}

void Sessions::make_room(const Account& account) {
  std::erase_if(sessions_, [this](const auto& entry) { return !account_of(entry.second); });
  size_t its = 0;
  auto its_oldest = sessions_.end();
  auto oldest = sessions_.end();
  for (auto each = sessions_.begin(); each != sessions_.end(); ++each) {
    const Session& session = each->second;
    if (oldest == sessions_.end() || session.used < oldest->second.used) oldest = each;
    if (session.kind != account.kind || session.name != account.name) continue;
    ++its;
    if (its_oldest == sessions_.end() || session.used < its_oldest->second.used) its_oldest = each;
  }
  if (its >= of_one_account_max) {
    sessions_.erase(its_oldest);
  } else if (sessions_.size() >= sessions_max) {
    sessions_.erase(oldest);
  }
}

}  // namespace daruma::console
