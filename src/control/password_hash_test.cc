// SPDX-License-Identifier: Apache-2.0
#include "control/password_hash.h"

#include <gtest/gtest.h>

namespace daruma::control {
namespace {

// argon2 somesalt123 -id -t 2 -k 8 -p 1 -e, of "password" (Debian's argon2).
const std::string of_the_tool =
    "$argon2id$v=19$m=8,t=2,p=1$c29tZXNhbHQxMjM$4deOWi5pQf+xFCCDElQSDBldIN5VUpyfBEEgU2pIekI";

TEST(PasswordHash, knows_the_password_again) {
  const std::string hash = *hash_of_password("correct horse");
  EXPECT_EQ(problem_of_hash(hash), "");
  EXPECT_TRUE(is_password("correct horse", hash));
  EXPECT_FALSE(is_password("correct horsf", hash));
  EXPECT_FALSE(is_password("", hash));
}

TEST(PasswordHash, has_a_salt_by_chance) {
  EXPECT_NE(*hash_of_password("same"), *hash_of_password("same"));
}

TEST(PasswordHash, takes_those_of_other_tools) {
  EXPECT_EQ(problem_of_hash(of_the_tool), "");
  EXPECT_TRUE(is_password("password", of_the_tool));
  EXPECT_FALSE(is_password("Password", of_the_tool));
}

TEST(PasswordHash, says_what_is_none) {
  const std::string end = "$c29tZXNhbHQxMjM$0123456789012345678901";
  struct Row {
    std::string hash;
    const char* says;
  };
  const Row rows[] = {
      {"", "no Argon2id hash"},
      {"password", "no Argon2id hash"},
      {"$2b$12$abcdefghijklmnopqrstuv", "no Argon2id hash"},
      {"$argon2i$v=19$m=65536,t=3,p=1" + end, "no Argon2id hash"},
      {"$argon2id$v=16$m=65536,t=3,p=1" + end, "no Argon2id hash"},
      {"$argon2id$v=19$m=65536,t=3,p=1" + end + "$", "no Argon2id hash"},
      {"$argon2id$v=19$m=262145,t=3,p=1" + end, "costs too much"},
      {"$argon2id$v=19$m=4294967295,t=3,p=1" + end, "costs too much"},
      {"$argon2id$v=19$m=65536,t=17,p=1" + end, "costs too much"},
      {"$argon2id$v=19$m=65536,t=3,p=5" + end, "costs too much"},
      {"$argon2id$v=19$m=7,t=3,p=1" + end, "costs too much"},
      {"$argon2id$v=19$m=65536,t=3" + end, "costs too much"},
      {"$argon2id$v=19$t=3,m=65536,p=1" + end, "costs too much"},
      {"$argon2id$v=19$m=65536,t=3,p=1$short$0123456789012345678901", "damaged"},
      {"$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQxMjM$", "damaged"},
      {"$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQx!jM$0123456789012345678901", "damaged"},
  };
  for (const Row& row : rows)
    EXPECT_NE(problem_of_hash(row.hash).find(row.says), std::string::npos) << row.hash;
  EXPECT_EQ(problem_of_hash("$argon2id$v=19$m=65536,t=3,p=1" + end), "");
}

}  // namespace
}  // namespace daruma::control
