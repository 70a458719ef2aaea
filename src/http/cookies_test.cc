// SPDX-License-Identifier: Apache-2.0
#include "http/cookies.h"

#include <gtest/gtest.h>

namespace daruma::http {
namespace {

using Value = std::optional<std::string_view>;

TEST(Cookies, are_found_by_their_whole_name_in_every_field) {
  Fields fields;
  fields.add("Cookie", "a=1; AWSALB=x=y==; awsalb=other;AWSALB2=no; quoted=\"q\"");
  fields.add("X-Cookie", "hidden=1");
  fields.add("cookie", "AWSALB=second;  spaced = value ; last=");
  EXPECT_EQ(find_cookie(fields, "a"), Value("1"));
  EXPECT_EQ(find_cookie(fields, "AWSALB"), Value("x=y=="));
  EXPECT_EQ(find_cookie(fields, "quoted"), Value("\"q\""));
  EXPECT_EQ(find_cookie(fields, "spaced"), Value("value"));
  EXPECT_EQ(find_cookie(fields, "last"), Value(""));
  EXPECT_EQ(find_cookie(fields, "hidden"), std::nullopt);
  EXPECT_EQ(find_cookie(fields, "AWSAL"), std::nullopt);
  EXPECT_EQ(find_cookie(fields, ""), std::nullopt);
}

TEST(Cookies, of_a_request_without_any_are_not_found) {
  Fields fields;
  EXPECT_EQ(find_cookie(fields, "a"), std::nullopt);
  for (const char* odd : {"", ";", ";;=;", "a", "=1", "; ;", "b;a;"}) {
    fields.clear();
    fields.add("Cookie", odd);
    EXPECT_EQ(find_cookie(fields, "a"), std::nullopt) << odd;
  }
}

TEST(Cookies, that_a_response_sets_are_known_by_the_pair_before_the_attributes) {
  Fields fields;
  fields.add("Set-Cookie", "first=1; Path=/; session=no");
  fields.add("set-cookie", "session=; Max-Age=0");
  fields.add("Set-Cookie", "nothing");
  EXPECT_TRUE(sets_cookie(fields, "first"));
  EXPECT_TRUE(sets_cookie(fields, "session"));
  EXPECT_FALSE(sets_cookie(fields, "Path"));
  EXPECT_FALSE(sets_cookie(fields, "nothing"));
  EXPECT_FALSE(sets_cookie(fields, "Session"));
}

}  // namespace
}  // namespace daruma::http
