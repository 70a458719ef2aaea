// SPDX-License-Identifier: Apache-2.0
#include "control/cookie_key_text.h"

#include <gtest/gtest.h>

namespace daruma::control {
namespace {

const std::string one(64, 'a');
const std::string two = "0123456789abcdefABCDEF0123456789" + std::string(32, '0');

TEST(CookieKeyText, holds_one_or_two_keys_and_remarks) {
  const auto keys = parse_cookie_keys("# since Monday\n\n  " + one + " \r\n" + two);
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[0], std::string(32, '\xaa'));
  EXPECT_EQ(cookie_key_line((*keys)[0]), one);
  EXPECT_EQ((*keys)[1].substr(0, 3), "\x01\x23\x45");
  EXPECT_EQ(parse_cookie_keys(one)->size(), 1u);
}

struct Case {
  std::string text;
  std::string message;
};
class BadCookieKeyText : public testing::TestWithParam<Case> {};
TEST_P(BadCookieKeyText, is_refused_by_line_and_says_nothing_of_the_key) {
  const auto keys = parse_cookie_keys(GetParam().text);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().message, GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(
    Table, BadCookieKeyText,
    testing::Values(
        Case{"", "it holds no key; make one with 'openssl rand -hex 32'"},
        Case{"# nothing\n\n", "it holds no key; make one with 'openssl rand -hex 32'"},
        Case{one + "\nsecret",
             "line 2 is not a key of 64 hexadecimal digits; make one with 'openssl rand -hex 32'"},
        Case{one.substr(1),
             "line 1 is not a key of 64 hexadecimal digits; make one with 'openssl rand -hex 32'"},
        Case{one + "a",
             "line 1 is not a key of 64 hexadecimal digits; make one with 'openssl rand -hex 32'"},
        Case{std::string(63, 'a') + "g",
             "line 1 is not a key of 64 hexadecimal digits; make one with 'openssl rand -hex 32'"},
        Case{one + "\n" + one, "line 2 has the same key as one before it"},
        Case{one + "\n" + two + "\n#\n" + std::string(64, 'b'),
             "line 4 is one key too many: there may be 2"}));

}  // namespace
}  // namespace daruma::control
