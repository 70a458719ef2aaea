// SPDX-License-Identifier: Apache-2.0
#include "notify/text.h"

#include <gtest/gtest.h>

namespace daruma::notify {
namespace {

TEST(Text, is_cut_between_characters) {
  EXPECT_EQ(shortened("達磨", 2), "達磨");
  EXPECT_EQ(shortened("達磨さん", 3), "達磨…");
  EXPECT_EQ(shortened("abcd", 4), "abcd");
  EXPECT_EQ(shortened("abcde", 4), "abc…");
  EXPECT_EQ(shortened("", 1), "");
}

}  // namespace
}  // namespace daruma::notify
