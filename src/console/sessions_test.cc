// SPDX-License-Identifier: Apache-2.0
#include "console/sessions.h"

#include <gtest/gtest.h>

#include "console/fake_accounts_for_test.h"
#include "control/fake_clients_for_test.h"

namespace daruma::console {
namespace {

const Account ada{AccountKind::user, "ada", true, "hash of ada's"};
const Account key{AccountKind::access_key, "AKIDEXAMPLE", false, "secret"};

struct SessionsTest : testing::Test {
  SessionsTest() {
    accounts.add(ada);
    accounts.add(key);
  }
  const Session* find(const std::string& token) { return sessions.find(Sessions::id_of(token)); }

  control::FakeServerLoop loop;
  FakeAccounts accounts;
  Sessions sessions{loop, accounts};
};

TEST_F(SessionsTest, are_known_by_their_token) {
  const std::string token = sessions.begin(ada);
  const std::string other = sessions.begin(key);
  EXPECT_EQ(token.size(), 64u);
  EXPECT_NE(token, other);
  ASSERT_NE(find(token), nullptr);
  EXPECT_EQ(find(token)->name, "ada");
  EXPECT_TRUE(find(token)->may_change);
  EXPECT_FALSE(find(other)->may_change);
  const std::string csrf = find(token)->csrf_token;
  EXPECT_NE(csrf, find(other)->csrf_token);
  EXPECT_EQ(find(""), nullptr);
  EXPECT_EQ(find(csrf), nullptr);
  EXPECT_EQ(find(token.substr(1)), nullptr);
}

TEST_F(SessionsTest, end_when_their_owner_says_so) {
  const std::string token = sessions.begin(ada);
  const std::string other = sessions.begin(ada);
  sessions.end(Sessions::id_of(token));
  EXPECT_EQ(find(token), nullptr);
  EXPECT_NE(find(other), nullptr);
}

TEST_F(SessionsTest, end_when_nobody_uses_them) {
  const std::string token = sessions.begin(ada);
  loop.run_for(Sessions::idle_timeout - 1s);
  EXPECT_NE(find(token), nullptr);
  loop.run_for(Sessions::idle_timeout - 1s);
  EXPECT_NE(find(token), nullptr);
  loop.run_for(Sessions::idle_timeout);
  EXPECT_EQ(find(token), nullptr);
  EXPECT_EQ(sessions.size(), 0u);
}

TEST_F(SessionsTest, end_however_much_they_are_used) {
  const std::string token = sessions.begin(ada);
  for (Duration age{}; age < Sessions::age_max; age += 10min) {
    EXPECT_NE(find(token), nullptr) << age / 1min;
    loop.run_for(10min);
  }
  EXPECT_EQ(find(token), nullptr);
}

TEST_F(SessionsTest, end_with_their_account) {
  const std::string token = sessions.begin(ada);
  accounts.remove(AccountKind::user, "ada");
  EXPECT_EQ(find(token), nullptr);
  accounts.add(ada);
  EXPECT_EQ(find(token), nullptr);  // once ended, it does not come back
}

TEST_F(SessionsTest, end_when_the_secret_changes) {
  const std::string token = sessions.begin(ada);
  Account changed = ada;
  changed.proof = "another hash";
  accounts.add(changed);
  EXPECT_EQ(find(token), nullptr);
}

TEST_F(SessionsTest, have_the_role_of_now) {
  const std::string token = sessions.begin(ada);
  Account demoted = ada;
  demoted.may_change = false;
  accounts.add(demoted);
  ASSERT_NE(find(token), nullptr);
  EXPECT_FALSE(find(token)->may_change);
}

TEST_F(SessionsTest, an_account_has_so_many) {
  const std::string first = sessions.begin(ada);
  loop.run_for(1s);
  const std::string second = sessions.begin(ada);
  const std::string of_key = sessions.begin(key);
  for (size_t i = 0; i < Sessions::of_one_account_max - 2; ++i) {
    loop.run_for(1s);
    sessions.begin(ada);
  }
  EXPECT_NE(find(first), nullptr);  // was used just now
  sessions.begin(ada);
  EXPECT_NE(find(first), nullptr);
  EXPECT_EQ(find(second), nullptr);
  EXPECT_NE(find(of_key), nullptr);
}

TEST_F(SessionsTest, there_are_so_many) {
  std::vector<std::string> tokens;
  for (size_t i = 0; i < Sessions::sessions_max + 1; ++i) {
    const Account account{AccountKind::user, "user" + std::to_string(i), true, "hash"};
    accounts.add(account);
    loop.run_for(1s);
    tokens.push_back(sessions.begin(account));
  }
  EXPECT_EQ(sessions.size(), Sessions::sessions_max);
  EXPECT_EQ(find(tokens.front()), nullptr);
  EXPECT_NE(find(tokens[1]), nullptr);
}

}  // namespace
}  // namespace daruma::console
